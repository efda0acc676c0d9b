//! The model file that a run writes.

use anyhow::Result;
use sha2::{Digest, Sha256};
use tilelens::model::head::ClassifierConfig;
use tilelens::model::manifest::{Manifest, Provenance};
use tilelens::model::model_file::{ModelFile, hex};

use super::Run;
use super::fitting::Trained;

impl Run {
    pub fn model_file(&self, trained: &Trained) -> Result<ModelFile> {
        let mut parameters = self.base.backbone()?.parameters;
        parameters.extend(trained.head.parameters());
        if let Some(tail) = &trained.tail {
            pollster::block_on(tail.store(&mut parameters))?;
        }
        let base = &self.base.manifest;
        let source = self.args.model.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = Manifest {
            name: self.args.name.clone(),
            purpose: self.args.purpose.purpose.clone(),
            ground_resolution_m: self.args.purpose.ground_resolution_m,
            data: self.args.purpose.trained_on.clone(),
            labels: self.labels.clone(),
            classifier: ClassifierConfig::Head(trained.head.config().clone()),
            temperature: trained.temperature,
            preparations: self.tiles.together.preparations(),
            // Where its last blocks were trained, the backbone is the model's own.
            backbone_name: match trained.tail {
                Some(_) => String::new(),
                None => self.base.backbone_reference().name,
            },
            provenance: Provenance {
                source,
                source_sha256: hex(&Sha256::digest(std::fs::read(&self.args.model)?)),
                description: self.args.purpose.description.clone(),
                licence: self.args.licence.clone().unwrap_or_else(|| base.provenance.licence.clone()),
            },
            ..base.clone()
        };
        Ok(ModelFile { manifest, parameters })
    }
}
