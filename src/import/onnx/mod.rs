//! `.onnx` files.
//!
//! Exporters rename layers and fold batch norms into convolutions, so names tell nothing here. What
//! every export keeps is the order of the network: the convolutions are taken as they stand in the
//! graph, which ONNX requires to be sorted, each with the batch norm behind it where one is left; then
//! what stands in front of them and behind the pooling.

mod backbone;
mod classifier;
mod constants;
mod graph;
mod input;

use std::path::Path;

use prost::Message;

use super::classifier::Chain;
use super::{ImportError, Normalisation};
use crate::model::parameters::Parameters;
use crate::onnx_messages::ModelProto;
use graph::Graph;

/// What a graph says of the network.
pub struct OnnxModel {
    /// `features.*` under torchvision's names.
    pub backbone: Parameters,
    /// What stands behind the pooling: nothing, dense layers, or a reason why it cannot be taken.
    pub classifier: Result<Option<Chain>, String>,
    /// Mean and standard deviation that the graph normalises its input by, of values from 0 to 1.
    pub normalisation: Option<Normalisation>,
    /// What was recognised.
    pub notes: Vec<String>,
}

/// Whether bytes of no mark are a model.
pub fn is_model(bytes: &[u8]) -> bool {
    ModelProto::decode(bytes).is_ok_and(|model| model.graph.is_some())
}

/// The weights of a MobileNetV3-Small graph. `folder` is where its file lies.
pub fn read(bytes: &[u8], folder: &Path) -> Result<OnnxModel, ImportError> {
    let model = ModelProto::decode(bytes).map_err(|error| unreadable(error.to_string()))?;
    let graph = Graph::new(&model, folder)?;
    let mut notes = Vec::new();
    let backbone = backbone::read(&graph, &mut notes)?;
    let normalisation = input::normalisation(&graph, &mut notes)?;
    let classifier = classifier::read(&graph, &mut notes)?;
    Ok(OnnxModel { backbone, classifier, normalisation, notes })
}

fn unreadable(detail: String) -> ImportError {
    ImportError::Unreadable { format: "ONNX", detail }
}
