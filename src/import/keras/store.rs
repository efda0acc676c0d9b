//! Where a Keras file keeps the weights of a layer, and the JSON of its network.
//!
//! A `.h5` file has a group for each layer, by its name, and in it `kernel`, `bias` and so on. A `.keras` file is a zip with
//! such a file in it, in which groups are called by the kind of the layer and numbered, and weights by their place.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use hdf5_pure::{AttrValue, File, Group};
use zip::ZipArchive;

use super::super::budget::Budget;
use super::super::pytorch::archive;
use super::{ImportError, Layer, unreadable};
use crate::limits::MAX_MODEL_BYTES;
use crate::model::parameters::Parameter;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.weights.h5";
/// A layer has two or three; MobileNetV3-Small has some 200 layers.
const MAX_GROUPS: usize = 5_000;

/// An open file.
pub struct Store {
    file: File,
    config: String,
    /// Paths of all data sets.
    paths: Vec<String>,
    budget: Budget,
}

impl Store {
    pub fn open(bytes: &[u8]) -> Result<Self, ImportError> {
        if bytes.starts_with(b"PK") {
            let mut archive = archive(bytes).map_err(unreadable)?;
            let config = String::from_utf8(entry(&mut archive, CONFIG)?).map_err(unreadable)?;
            let weights = entry(&mut archive, WEIGHTS)?;
            return Self::of(weights, Some(config));
        }
        Self::of(bytes.to_vec(), None)
    }

    fn of(bytes: Vec<u8>, config: Option<String>) -> Result<Self, ImportError> {
        let file = File::from_bytes(bytes).map_err(unreadable)?;
        let config = config.or(text_attribute(&file.root(), "model_config")?);
        let paths = paths_beneath(file.root())?;
        let Some(config) = config else {
            let what = if paths.iter().any(|path| path.contains("kernel") || path.contains("/vars/")) {
                "Keras weights without their network. Save the whole model: model.save(\"model.keras\")"
            } else {
                "an HDF5 file without a Keras model: name the file that model.save(…) wrote"
            };
            return Err(ImportError::OtherKind(what.into()));
        };
        Ok(Self { file, config, paths, budget: Budget::new() })
    }

    /// The network, as JSON.
    pub fn config(&self) -> &str {
        &self.config
    }

    /// The weights of a layer by their name, such as `kernel`; `order` names those that only have a number.
    pub fn weights(&self, layer: &Layer, order: &[&str]) -> Result<BTreeMap<String, Parameter>, ImportError> {
        let mut weights = BTreeMap::new();
        for (place, name) in order.iter().enumerate() {
            let by_place = [
                format!("layers/{}/vars/{place}", layer.path),
                format!("_layer_checkpoint_dependencies/{}/vars/{place}", layer.path),
            ];
            let found =
                self.paths.iter().find(|path| by_place.contains(path)).or_else(|| self.by_name(layer, name));
            if let Some(path) = found {
                weights.insert((*name).to_owned(), self.read(path)?);
            }
        }
        Ok(weights)
    }

    /// The shortest path that ends in the layer's name and the weight's: longer ones may be another layer's.
    fn by_name(&self, layer: &Layer, weight: &str) -> Option<&String> {
        let end = format!("/{}/{weight}", layer.name);
        let is_it = |path: &&String| path.strip_suffix(":0").unwrap_or(path).ends_with(&end);
        self.paths.iter().filter(is_it).min_by_key(|path| path.len())
    }

    fn read(&self, path: &str) -> Result<Parameter, ImportError> {
        let dataset = self.file.dataset(path).map_err(unreadable)?;
        let shape = dataset.shape().map_err(unreadable)?;
        let shape: Vec<usize> = shape.into_iter().map(|extent| extent as usize).collect();
        let count = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
        let bytes =
            count.and_then(|count| count.checked_mul(size_of::<f32>())).ok_or(ImportError::TooLarge)?;
        self.budget.take(bytes)?;
        let values = dataset.read_f32().map_err(unreadable)?;
        if Some(values.len()) != count {
            return Err(unreadable(format!("`{path}` is not whole")));
        }
        Ok(Parameter { shape, values })
    }
}

fn entry(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, ImportError> {
    let mut entry = archive.by_name(name).map_err(|_| unreadable(format!("there is no {name} in it")))?;
    if entry.size() > MAX_MODEL_BYTES {
        return Err(ImportError::TooLarge);
    }
    let mut bytes = Vec::new();
    // The size that an entry claims may be wrong.
    entry.by_ref().take(MAX_MODEL_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn text_attribute(group: &Group, name: &str) -> Result<Option<String>, ImportError> {
    Ok(match group.attrs().map_err(unreadable)?.remove(name) {
        Some(AttrValue::String(text) | AttrValue::AsciiString(text)) => Some(text),
        Some(AttrValue::VarLenString(text) | AttrValue::VarLenAsciiString(text)) => Some(text),
        _ => None,
    })
}

/// The paths of all data sets beneath a group. Links can lead in circles: what has more groups than any network is none.
fn paths_beneath(root: Group) -> Result<Vec<String>, ImportError> {
    let mut paths = Vec::new();
    let mut waiting = vec![(String::new(), root)];
    for _ in 0..MAX_GROUPS {
        let Some((at, group)) = waiting.pop() else { return Ok(paths) };
        paths.extend(group.datasets().map_err(unreadable)?.iter().map(|name| format!("{at}{name}")));
        for name in group.groups().map_err(unreadable)? {
            let inner = group.group(&name).map_err(unreadable)?;
            waiting.push((format!("{at}{name}/"), inner));
        }
    }
    Err(unreadable("it has more groups than any network of its kind"))
}
