//! Files of `torch.save`. Only tensors are read; nothing in a pickle is ever run.

mod container;
mod pickle;

use safetensors::Dtype;

use super::ImportError;
use super::budget::Budget;
use crate::model::model_file::to_f32;
use crate::model::parameters::Parameters;
use container::Checkpoint;
pub use container::archive;
use pickle::{Container, Pickle, Value};

/// Dictionaries in dictionaries: a checkpoint of a trainer's has three or four, a module in modules a few more.
const MAX_DEPTH: usize = 64;
/// Values that are looked at; a checkpoint has a few thousand.
const MAX_VALUES: usize = 1 << 20;
/// A longer key names no layer.
const MAX_NAME: usize = 256;
/// PyTorch's tensors have eight axes at most, and the calls that make them fewer arguments.
const MAX_ITEMS: usize = 16;
/// Where a module that was saved whole keeps its layers and weights: no part of their names.
const OF_MODULES: [&str; 3] = ["_modules", "_parameters", "_buffers"];

/// Every floating-point tensor of a checkpoint by its dotted path: of a state dict, of one inside other dictionaries, or of
/// a module that was saved whole.
pub fn read(bytes: &[u8]) -> Result<Parameters, ImportError> {
    let checkpoint = container::open(bytes)?;
    let pickle = Pickle::read(checkpoint.pickle).ok_or_else(|| unreadable("its pickle is broken"))?;
    let reader = Reader { pickle, checkpoint, budget: Budget::new() };
    let mut parameters = Parameters::default();
    // What is still to be looked at, the next one last.
    let mut waiting = vec![(String::new(), reader.pickle.root, 0)];
    let mut values = 0;
    while let Some((path, value, depth)) = waiting.pop() {
        let Value::Place(place) = value else { continue };
        let before = waiting.len();
        match &reader.pickle.containers[place] {
            Container::Call(name, arguments) => {
                if let Some(tensor) = reader.tensor(name, *arguments, 0) {
                    reader.take(path, &tensor, &mut parameters)?;
                }
            }
            Container::Map(map) if depth < MAX_DEPTH => {
                let inner =
                    map.iter().filter_map(|&(key, value)| Some((within(&path, key)?, value, depth + 1)));
                waiting.extend(inner.take(MAX_VALUES));
            }
            Container::Sequence(items) if depth < MAX_DEPTH => {
                let inner = items.iter().enumerate().take(MAX_VALUES);
                waiting
                    .extend(inner.map(|(index, &item)| (join(&path, &index.to_string()), item, depth + 1)));
            }
            _ => {}
        }
        values += 1 + waiting.len().saturating_sub(before);
        if values > MAX_VALUES {
            return Err(unreadable("its values lie in one another without end"));
        }
    }
    Ok(parameters)
}

fn within(path: &str, key: Value) -> Option<String> {
    match key {
        Value::Text(key) if OF_MODULES.contains(&key) => Some(path.to_owned()),
        Value::Text(key) if key.len() <= MAX_NAME => Some(join(path, key)),
        Value::Number(key) => Some(join(path, &key.to_string())),
        _ => None,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A tensor as the pickle describes it: a view of a storage.
struct Tensor<'a> {
    dtype: Dtype,
    storage: &'a str,
    /// Numbers before its first one.
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

struct Reader<'a> {
    pickle: Pickle<'a>,
    checkpoint: Checkpoint<'a>,
    budget: Budget,
}

impl<'a> Reader<'a> {
    /// The floating-point tensor that a call gives; none of counters and the like.
    fn tensor(&self, function: &str, arguments: Value, depth: usize) -> Option<Tensor<'a>> {
        let arguments = self.pickle.sequence(arguments).filter(|arguments| arguments.len() <= MAX_ITEMS)?;
        match (function, arguments) {
            (
                "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3",
                [storage, offset, shape, strides, rest @ ..],
            ) => {
                let (dtype, name, start) = self.storage(*storage)?;
                // The third version has its type beside an untyped storage.
                let stated = rest.iter().find_map(|value| match value {
                    Value::Global("torch", name) => dtype_of(name),
                    _ => None,
                });
                let Value::Number(offset) = *offset else { return None };
                Some(Tensor {
                    dtype: stated.or(dtype)?,
                    storage: name,
                    offset: usize::try_from(offset).ok()?.checked_add(start)?,
                    shape: self.axes(*shape)?,
                    strides: self.axes(*strides)?,
                })
            }
            // A parameter is made of a tensor, and so is a tensor of a class of one's own.
            ("_rebuild_parameter" | "_rebuild_parameter_with_state", [Value::Place(place), ..])
                if depth < MAX_DEPTH =>
            {
                match &self.pickle.containers[*place] {
                    Container::Call(name, arguments) => self.tensor(name, *arguments, depth + 1),
                    _ => None,
                }
            }
            ("_rebuild_from_type_v2", [Value::Global(_, name), _, arguments, ..]) if depth < MAX_DEPTH => {
                self.tensor(name, *arguments, depth + 1)
            }
            _ => None,
        }
    }

    /// A shape or strides.
    fn axes(&self, value: Value) -> Option<Vec<usize>> {
        let number = |item: &Value| match item {
            Value::Number(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        let items = self.pickle.sequence(value).filter(|items| items.len() <= MAX_ITEMS)?;
        items.iter().map(number).collect()
    }

    /// The type of a storage's numbers, where it has one, its name, and how many of its numbers are before the view.
    fn storage(&self, value: Value<'a>) -> Option<(Option<Dtype>, &'a str, usize)> {
        let Value::Place(place) = value else { return None };
        let Container::Outside(words) = &self.pickle.containers[place] else { return None };
        let &[_, Value::Global(_, kind), Value::Text(name), ref rest @ ..] = self.pickle.sequence(*words)?
        else {
            return None;
        };
        let start = match rest.get(2).and_then(|view| self.pickle.sequence(*view)) {
            Some(&[_, Value::Number(start), ..]) => usize::try_from(start).ok()?,
            _ => 0,
        };
        Some((dtype_of(kind), name, start))
    }

    /// Reads a tensor's numbers, in the order of its axes.
    fn take(&self, name: String, tensor: &Tensor, parameters: &mut Parameters) -> Result<(), ImportError> {
        let outside = || unreadable(format!("`{name}` reaches beyond its numbers"));
        if tensor.shape.len() != tensor.strides.len() {
            return Err(unreadable(format!("`{name}` has another number of strides than of axes")));
        }
        let count = tensor.shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
        let count = count.ok_or(ImportError::TooLarge)?;
        let size = tensor.dtype.bitsize() / 8;
        // Two bytes become four, and eight are read before they do.
        self.budget.take(count.checked_mul(size.max(size_of::<f32>())).ok_or(ImportError::TooLarge)?)?;
        let bytes = *self.checkpoint.storages.get(tensor.storage).ok_or_else(outside)?;
        let number =
            |place: usize| bytes.get(place.checked_mul(size)?..place.checked_add(1)?.checked_mul(size)?);
        let mut numbers = Vec::with_capacity(count * size);
        let mut index = vec![0; tensor.shape.len()];
        let mut place = tensor.offset;
        for _ in 0..count {
            numbers.extend_from_slice(number(place).ok_or_else(outside)?);
            // The last axis runs first; one that is at its end begins anew, and the one before it goes on.
            for axis in (0..index.len()).rev() {
                let stride = tensor.strides[axis];
                index[axis] += 1;
                place = place.checked_add(stride).ok_or_else(outside)?;
                if index[axis] < tensor.shape[axis] {
                    break;
                }
                place -= stride * tensor.shape[axis];
                index[axis] = 0;
            }
        }
        let values = to_f32(tensor.dtype, &numbers).expect("a floating-point type");
        parameters.insert(name, tensor.shape.clone(), values);
        Ok(())
    }
}

/// The type of the numbers in a storage, or of a tensor, by PyTorch's name for either.
fn dtype_of(name: &str) -> Option<Dtype> {
    Some(match name {
        "FloatStorage" | "float32" => Dtype::F32,
        "HalfStorage" | "float16" => Dtype::F16,
        "BFloat16Storage" | "bfloat16" => Dtype::BF16,
        "DoubleStorage" | "float64" => Dtype::F64,
        _ => return None,
    })
}

/// The bytes of a number in a storage.
fn storage_size(kind: &str) -> Option<usize> {
    match kind {
        "LongStorage" | "DoubleStorage" | "ComplexFloatStorage" => Some(8),
        "FloatStorage" | "IntStorage" => Some(4),
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => Some(2),
        "ByteStorage" | "CharStorage" | "BoolStorage" | "UntypedStorage" => Some(1),
        "ComplexDoubleStorage" => Some(16),
        _ => None,
    }
}

fn unreadable(detail: impl std::fmt::Display) -> ImportError {
    ImportError::Unreadable { format: "PyTorch", detail: detail.to_string() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// What `tests/fixtures/import/make_torch.py` saved: eighths, counted through all layers.
    #[test]
    fn weights_are_the_same_however_they_were_saved() {
        let layers: [(&str, &[usize]); 8] = [
            ("features.0.weight", &[3, 2, 1, 1]),
            ("features.0.bias", &[3]),
            ("features.1.weight", &[3]),
            ("features.1.bias", &[3]),
            ("features.1.running_mean", &[3]),
            ("features.1.running_var", &[3]),
            ("head.weight", &[2, 3]),
            ("head.bias", &[2]),
        ];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/torch");
        let mut files = 0;
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let parameters = read(&fs::read(&path).unwrap()).unwrap();
            let prefix = if path.to_string_lossy().contains("trainer") { "model." } else { "" };
            assert_eq!(parameters.iter().count(), layers.len(), "{}", path.display());
            let mut next = 0..;
            for (name, shape) in layers {
                let found = parameters.get(&format!("{prefix}{name}"), shape).unwrap();
                let expected: Vec<f32> =
                    next.by_ref().take(shape.iter().product()).map(|value| value as f32 / 8.0).collect();
                assert_eq!(found.values, expected, "{name} of {}", path.display());
            }
            files += 1;
        }
        assert_eq!(files, 12);
    }
}
