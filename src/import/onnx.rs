//! `.onnx` files.
//!
//! Exporters rename layers and fold batch norms into convolutions, so names tell nothing here. What
//! every export keeps is the order of the network: the convolutions are taken as they stand in the
//! graph, which ONNX requires to be sorted, each with the batch norm behind it where one is left; then
//! the matrices of the classifier.

use std::collections::HashMap;

use onnx_ir::{Message, ModelProto, NodeProto, TensorProto};
use safetensors::Dtype;

use super::ImportError;
use super::budget::Budget;
use crate::model::architecture::{Architecture, BATCH_NORM_EPSILON};
use crate::model::model_file::to_f32;
use crate::model::parameters::{Parameter, Parameters};

/// `TensorProto.DataType` (onnx.proto).
mod data_type {
    pub const FLOAT: i32 = 1;
    pub const FLOAT16: i32 = 10;
    pub const DOUBLE: i32 = 11;
    pub const BFLOAT16: i32 = 16;
}

/// `TensorProto.DataLocation.EXTERNAL` (onnx.proto).
const EXTERNAL_DATA: i32 = 1;

/// The weights of a MobileNetV3-Small graph under torchvision's names.
pub fn read(bytes: &[u8]) -> Result<Parameters, ImportError> {
    let model = ModelProto::parse_from_bytes(bytes).map_err(|error| unreadable(error.to_string()))?;
    let graph = Graph::new(&model)?;
    let mut parameters = Parameters::default();

    let found = graph.nodes_of("Conv");
    // A graph with more or fewer convolutions shows itself by the first one whose shape differs, or
    // that is missing, when the network is built.
    for (name, conv) in Architecture::default().convolutions().iter().zip(&found) {
        let weight = graph.input(conv, 1)?;
        let channels = weight.shape[0];
        insert(&mut parameters, format!("{}.weight", name.conv), weight);
        match &name.norm {
            None => insert(&mut parameters, format!("{}.bias", name.conv), graph.input(conv, 2)?),
            Some(norm) => {
                for (part, values) in graph.norm_of(conv, channels)? {
                    parameters.insert(format!("{norm}.{part}"), vec![channels], values);
                }
            }
        }
    }
    graph.classifier(&mut parameters)?;
    if found.is_empty() {
        return Err(ImportError::NoBackbone);
    }
    Ok(parameters)
}

fn insert(parameters: &mut Parameters, name: String, parameter: Parameter) {
    parameters.insert(name, parameter.shape, parameter.values);
}

fn unreadable(detail: String) -> ImportError {
    ImportError::Unreadable { format: "ONNX", detail }
}

/// How many names a constant may have at most. Exporters give it one or two; a cycle of names has no end.
const MAX_ALIASES: usize = 100;

/// A model's nodes and constants.
struct Graph<'a> {
    nodes: &'a [NodeProto],
    constants: HashMap<&'a str, &'a TensorProto>,
    /// Exporters store equal constants once and refer to them by `Identity`.
    aliases: HashMap<&'a str, &'a str>,
    budget: Budget,
}

impl<'a> Graph<'a> {
    fn new(model: &'a ModelProto) -> Result<Self, ImportError> {
        let graph = model.graph.as_ref().ok_or_else(|| unreadable("no graph in it".into()))?;
        let mut constants: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let mut aliases = HashMap::new();
        for node in &graph.node {
            let (Some(output), input) = (node.output.first(), node.input.first()) else {
                continue;
            };
            match (node.op_type.as_str(), input) {
                ("Constant", _) => {
                    let value = node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
                    constants.extend(value.map(|tensor| (output.as_str(), tensor)));
                }
                ("Identity", Some(input)) => {
                    aliases.insert(output.as_str(), input.as_str());
                }
                _ => {}
            }
        }
        Ok(Self { nodes: &graph.node, constants, aliases, budget: Budget::new() })
    }

    fn nodes_of(&self, op_type: &str) -> Vec<&'a NodeProto> {
        self.nodes.iter().filter(|node| node.op_type == op_type).collect()
    }

    fn consumer(&self, node: &NodeProto) -> Option<&'a NodeProto> {
        let output = node.output.first()?;
        self.nodes.iter().find(|other| other.input.contains(output))
    }

    /// The constant at an input of a node.
    fn input(&self, node: &NodeProto, index: usize) -> Result<Parameter, ImportError> {
        let missing =
            || unreadable(format!("input {index} of {} `{}` is no constant", node.op_type, node.name));
        let mut name = node.input.get(index).ok_or_else(missing)?.as_str();
        for _ in 0..MAX_ALIASES {
            name = self.aliases.get(name).copied().unwrap_or(name);
        }
        parameter(self.constants.get(name).ok_or_else(missing)?, &self.budget)
    }

    /// The batch norm behind a convolution. Where the exporter folded it into the convolution's bias,
    /// a norm that only adds that bias.
    fn norm_of(
        &self,
        conv: &NodeProto,
        channels: usize,
    ) -> Result<[(&'static str, Vec<f32>); 4], ImportError> {
        const PARTS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];
        let norm = self.consumer(conv).filter(|node| node.op_type == "BatchNormalization");
        if let Some(epsilon) = norm.and_then(epsilon_of)
            && (f64::from(epsilon) - BATCH_NORM_EPSILON).abs() > 1e-6
        {
            return Err(unreadable(format!(
                "the batch norm behind `{}` has an epsilon of {epsilon}, MobileNetV3-Small has {BATCH_NORM_EPSILON}",
                conv.name
            )));
        }
        let values = match norm {
            Some(norm) => [
                self.input(norm, 1)?.values,
                self.input(norm, 2)?.values,
                self.input(norm, 3)?.values,
                self.input(norm, 4)?.values,
            ],
            None => {
                self.budget.take(3 * channels * size_of::<f32>())?;
                [
                    vec![1.0; channels],
                    self.input(conv, 2)?.values,
                    vec![0.0; channels],
                    vec![(1.0 - BATCH_NORM_EPSILON) as f32; channels],
                ]
            }
        };
        if values.iter().any(|values| values.len() != channels) {
            return Err(unreadable(format!("the batch norm behind `{}` is of another size", conv.name)));
        }
        let mut values = values.into_iter();
        Ok(PARTS.map(|part| (part, values.next().expect("four parts"))))
    }

    /// The two matrices behind the pooling, where there are any.
    fn classifier(&self, parameters: &mut Parameters) -> Result<(), ImportError> {
        let [first, second] = self.nodes_of("Gemm")[..] else {
            return Ok(());
        };
        let is_head = self.consumer(first).is_some_and(|node| node.op_type == "Relu");
        let names = if is_head { ["head.dense", "head.output"] } else { ["classifier.0", "classifier.3"] };
        for (name, gemm) in names.into_iter().zip([first, second]) {
            let transposed =
                gemm.attribute.iter().any(|attribute| attribute.name == "transB" && attribute.i == 1);
            let weight = self.input(gemm, 1)?;
            let weight = if transposed { weight } else { transpose(weight)? };
            insert(parameters, format!("{name}.weight"), weight);
            insert(parameters, format!("{name}.bias"), self.input(gemm, 2)?);
        }
        Ok(())
    }
}

/// The epsilon of a batch norm, where it states one.
fn epsilon_of(norm: &NodeProto) -> Option<f32> {
    norm.attribute.iter().find(|attribute| attribute.name == "epsilon").map(|attribute| attribute.f)
}

/// `[rows, columns]` → `[columns, rows]`.
fn transpose(matrix: Parameter) -> Result<Parameter, ImportError> {
    let [rows, columns] = matrix.shape[..] else {
        return Err(unreadable("a Gemm whose weight is no matrix".into()));
    };
    let values =
        (0..rows * columns).map(|index| matrix.values[index % rows * columns + index / rows]).collect();
    Ok(Parameter { shape: vec![columns, rows], values })
}

/// The values of a constant, from whichever field holds them.
fn parameter(tensor: &TensorProto, budget: &Budget) -> Result<Parameter, ImportError> {
    if tensor.data_location.value() == EXTERNAL_DATA {
        return Err(unreadable("its weights are in a second file: export it as one file".into()));
    }
    let dtype = match tensor.data_type {
        data_type::FLOAT => Dtype::F32,
        data_type::FLOAT16 => Dtype::F16,
        data_type::DOUBLE => Dtype::F64,
        data_type::BFLOAT16 => Dtype::BF16,
        other => {
            return Err(unreadable(format!("`{}` has data type {other}, no floating point", tensor.name)));
        }
    };
    let mismatch = || unreadable(format!("`{}` does not hold the values of its shape", tensor.name));
    let extents = tensor.dims.iter().map(|&extent| usize::try_from(extent).ok().filter(|&extent| extent > 0));
    let shape: Vec<usize> = extents.collect::<Option<_>>().ok_or_else(mismatch)?;
    let count = shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
        .ok_or_else(mismatch)?;
    let found = if tensor.raw_data.is_empty() {
        tensor.float_data.len()
    } else {
        tensor.raw_data.len() / (dtype.bitsize() / 8)
    };
    if shape.is_empty() || found != count {
        return Err(mismatch());
    }
    budget.take(count * size_of::<f32>())?;
    let values = if tensor.raw_data.is_empty() {
        tensor.float_data.clone()
    } else {
        to_f32(dtype, &tensor.raw_data).expect("a floating-point type")
    };
    Ok(Parameter { shape, values })
}
