//! What the page is told of a model file.

use serde::Serialize;
use tsify::Tsify;

use crate::model::manifest::{BackboneReference, Kind};
use crate::model::model_file::ModelFile;
use crate::raster::Preparation;

/// What a model file says of itself.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[tsify(missing_as_null)]
pub struct ModelInfo {
    /// `model`: backbone and classifier; `backbone` or `head`: one of them alone.
    kind: Kind,
    /// The name, for people.
    name: String,
    /// What it is for, in one line; may be empty.
    purpose: String,
    /// The ground resolutions that it was made for, lowest and highest, in metres a pixel.
    ground_resolution_m: Option<[f32; 2]>,
    /// What it was trained on, in one line; may be empty.
    data: String,
    /// The classes; none of a backbone alone.
    labels: Vec<String>,
    /// What names the features that it computes or reads: files that share it share features.
    backbone: String,
    /// The backbone's name, for people.
    backbone_name: String,
    /// What names its head; none of a backbone alone.
    head_id: Option<String>,
    /// How the tiles that it learnt from became colours; empty where all were pictures of 8 bits.
    preparations: Vec<Preparation>,
    /// What it was trained on and how.
    description: String,
    /// The terms under which the weights may be used.
    licence: String,
}

impl ModelInfo {
    /// Of a file; `head_id` names its head, where it has one.
    pub fn new(file: &ModelFile, backbone: &BackboneReference, head_id: Option<&str>) -> Self {
        let manifest = &file.manifest;
        Self {
            kind: manifest.kind(),
            name: manifest.name.clone(),
            purpose: manifest.purpose.clone(),
            ground_resolution_m: manifest.ground_resolution_m,
            data: manifest.data.clone(),
            labels: manifest.labels.clone(),
            backbone: backbone.sha256.clone(),
            backbone_name: backbone.name.clone(),
            head_id: head_id.map(str::to_owned),
            preparations: manifest.preparations.clone(),
            description: manifest.provenance.description.clone(),
            licence: manifest.provenance.licence.clone(),
        }
    }
}

/// A head that was added.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct AddedHead {
    /// What names it; the same head has the same name again.
    pub id: String,
    /// What its file says of it.
    pub info: ModelInfo,
}
