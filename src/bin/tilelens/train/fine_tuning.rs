//! Phase 2: the backbone's last blocks are trained, too.

use anyhow::{Result, bail};
use tilelens::model::backbone::{Backbone, VIEWS};
use tilelens::model::burn::classification;
use tilelens::model::burn::layers::Norms;
use tilelens::model::burn::mobilenet_v3::MobileNetV3Small;
use tilelens::model::head::Head;
use tilelens::training::burn::{BurnLearner, HeadAndTail};
use tilelens::training::samples::Samples;
use tilelens::training::trainer::TrainingConfig;

use super::super::samples::{map_shape, maps};
use super::super::settings::fit;
use super::Run;

/// Maps of more than this are not kept.
const MAX_MAPS_BYTES: usize = 2 << 30;

impl Run {
    /// Trains head and last blocks together, from `head` on. Gives the maps to choose by and to judge by, too.
    pub fn fine_tune(&self, backbone: &Backbone, head: &Head) -> Result<(HeadAndTail, Samples, Samples)> {
        let device = self.device.to_burn();
        let network = MobileNetV3Small::load(&self.base.parameters, Norms::Apart, &device)?;
        let (trunk, tail) = network.split(self.args.unfreeze.into());
        let map_shape = map_shape(backbone, &trunk, &device);
        let bytes = |views: usize| {
            views * map_shape.iter().product::<usize>() * size_of::<f32>() * self.tiles.training.len()
        };
        if bytes(1) > MAX_MAPS_BYTES {
            bail!(
                "the maps of {} tiles take {} MB: unfreeze fewer blocks",
                self.tiles.training.len(),
                bytes(1) >> 20
            );
        }
        let all_views = self.augmentation() && bytes(VIEWS) <= MAX_MAPS_BYTES;
        if self.augmentation() && !all_views {
            println!(
                "Phase 2 sees every tile as it stands alone: maps of all its flips and turns would not fit."
            );
        }
        let on_device = (&trunk, &device);
        let [training, validation, judges] = self
            .samples(|files, all_views| maps(files, backbone, on_device, map_shape, all_views), all_views)?;
        let config = TrainingConfig { epochs: self.args.unfreeze_epochs.into(), ..self.config.clone() };
        let head = classification::Head::load(head.config(), head.parameters(), &device)?;
        let network = HeadAndTail { tail, head, map_shape };
        let samples = (training.into(), validation.clone().into());
        let learner = BurnLearner::new(network, &config, &device);
        let (network, epoch) = fit(&config, learner, self.num_classes(), samples, "Last blocks")?;
        println!("Phase 2: the best epoch is {epoch}.");
        Ok((network, validation, judges))
    }
}
