//! What could be had without transfer.

use anyhow::Result;
use tilelens::model::backbone::Backbone;
use tilelens::training::baselines::{HISTOGRAM_BINS, random_backbone};
use tilelens::training::burn::{BurnLearner, LinearClassifier};
use tilelens::training::samples::Samples;

use super::super::samples::histograms;
use super::super::settings::fit;
use super::Run;
use super::fitting::ask_head;
use super::report::Contender;

/// Names of the heads that know nothing from before.
pub const BASELINES: [&str; 2] = ["head on a random backbone", "linear on colour histograms"];

impl Run {
    /// What could be had without transfer, with the same settings on the same tiles.
    pub fn baselines(&self) -> Result<[Contender; 2]> {
        // Random features and histograms have any scale: their classifiers get them in one that they can learn from.
        let standardised = |samples: [Samples; 3]| {
            let statistics = samples[0].statistics();
            samples.map(|samples| samples.standardised(&statistics))
        };
        let random = random_backbone(&self.base, &mut self.config.random());
        let random = Backbone::load(&random, &self.device)?;
        let [training, validation, judges] = standardised(self.features(&random, "Random features")?);
        let (head, _) = self.fit_head((training, validation.clone()), "Head on random features")?;
        let ask = |samples: &Samples| Ok(ask_head(&head, samples));
        let (_, on_random) = self.judge(BASELINES[0], ask, &validation, &judges)?;

        let [training, validation, judges] = standardised(self.samples(|files, _| histograms(files), false)?);
        let device = self.device.to_burn();
        let network = LinearClassifier::new(HISTOGRAM_BINS, self.num_classes(), &device);
        let learner = BurnLearner::new(network, &self.config, &device);
        let samples = (training.into(), validation.clone().into());
        let (linear, _) = fit(&self.config, learner, self.num_classes(), samples, "Colour histograms")?;
        let ask = |samples: &Samples| self.ask(&linear, samples);
        let (_, on_colours) = self.judge(BASELINES[1], ask, &validation, &judges)?;
        Ok([on_random, on_colours])
    }
}
