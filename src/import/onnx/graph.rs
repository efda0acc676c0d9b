//! A graph's nodes, who feeds whom, and its constants.

use std::collections::HashMap;
use std::path::Path;

use super::super::budget::Budget;
use super::constants::parameter;
use super::{ImportError, unreadable};
use crate::model::parameters::Parameter;
use crate::onnx_messages::{AttributeProto, ModelProto, NodeProto, TensorProto};

/// How many names a constant may have at most. Exporters give it one or two; a cycle of names has no end.
const MAX_ALIASES: usize = 100;

/// A model's nodes and constants.
pub struct Graph<'a> {
    nodes: &'a [NodeProto],
    constants: HashMap<&'a str, &'a TensorProto>,
    /// Exporters store equal constants once and refer to them by `Identity`.
    aliases: HashMap<&'a str, &'a str>,
    /// The number of the node that makes each value, and those that read it.
    producers: HashMap<&'a str, usize>,
    consumers: HashMap<&'a str, Vec<usize>>,
    folder: &'a Path,
    budget: Budget,
}

impl<'a> Graph<'a> {
    pub fn new(model: &'a ModelProto, folder: &'a Path) -> Result<Self, ImportError> {
        let graph = model.graph.as_ref().ok_or_else(|| unreadable("no graph in it".into()))?;
        let mut constants: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let mut aliases = HashMap::new();
        let (mut producers, mut consumers) = (HashMap::new(), HashMap::<&str, Vec<usize>>::new());
        for (index, node) in graph.node.iter().enumerate() {
            producers.extend(node.output.iter().map(|output| (output.as_str(), index)));
            for input in &node.input {
                consumers.entry(input).or_default().push(index);
            }
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
        Ok(Self {
            nodes: &graph.node,
            constants,
            aliases,
            producers,
            consumers,
            folder,
            budget: Budget::new(),
        })
    }

    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    pub fn nodes_of(&self, op_type: &str) -> Vec<&'a NodeProto> {
        self.nodes.iter().filter(|node| node.op_type == op_type).collect()
    }

    /// The last node of one of these kinds.
    pub fn last_of(&self, op_types: &[&str]) -> Option<&'a NodeProto> {
        self.nodes.iter().rev().find(|node| op_types.contains(&node.op_type.as_str()))
    }

    /// The node that makes a value.
    pub fn producer(&self, value: &str) -> Option<&'a NodeProto> {
        self.producers.get(value).map(|&index| &self.nodes[index])
    }

    /// The nodes that read a node's first output, in their order.
    pub fn consumers(&self, node: &NodeProto) -> Vec<&'a NodeProto> {
        let output = node.output.first().map_or("", String::as_str);
        let readers = self.consumers.get(output).map_or(&[][..], Vec::as_slice);
        readers.iter().map(|&index| &self.nodes[index]).collect()
    }

    /// The whole numbers at an input of a node; none where they are computed.
    pub fn integers(&self, node: &NodeProto, index: usize) -> Option<Vec<i64>> {
        let tensor = self.constants.get(node.input.get(index)?.as_str())?;
        if tensor.raw_data.is_empty() {
            return Some(tensor.int64_data.clone());
        }
        Some(tensor.raw_data.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect())
    }

    /// The constant at an input of a node.
    pub fn input(&self, node: &NodeProto, index: usize) -> Result<Parameter, ImportError> {
        self.constant(node, index)?.ok_or_else(|| {
            let hint = if self.nodes.iter().any(|node| node.op_type == "DequantizeLinear") {
                ": the model is quantised; export it before that"
            } else {
                ""
            };
            unreadable(format!("input {index} of {} `{}` is no constant{hint}", node.op_type, node.name))
        })
    }

    /// The same, none where the input is computed or not there.
    pub fn constant(&self, node: &NodeProto, index: usize) -> Result<Option<Parameter>, ImportError> {
        let Some(name) = node.input.get(index) else { return Ok(None) };
        let mut name = name.as_str();
        for _ in 0..MAX_ALIASES {
            name = self.aliases.get(name).copied().unwrap_or(name);
        }
        self.constants.get(name).map(|tensor| parameter(tensor, self.folder, &self.budget)).transpose()
    }
}

/// An attribute of a node.
pub fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}
