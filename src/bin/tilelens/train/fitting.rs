//! A head is fitted on features and judged.

use anyhow::{Result, bail};
use tilelens::model::backbone::Backbone;
use tilelens::model::burn::mobilenet_v3::Tail;
use tilelens::model::classification::softmax;
use tilelens::model::cpu::classification::Classification;
use tilelens::model::head::Head;
use tilelens::training::burn::{Network, logits};
use tilelens::training::calibration::fit_temperature;
use tilelens::training::head_learner::{HeadLearner, Start, TrainedHead};
use tilelens::training::metrics::{Evaluation, argmax};
use tilelens::training::samples::{Samples, Subset, class_counts};

use super::super::dataset::LabelledFile;
use super::super::samples::features;
use super::super::settings::fit;
use super::Run;
use super::report::Contender;

/// What training came to.
pub struct Trained {
    pub head: Head,
    /// The backbone's last blocks, if training them was to the better.
    pub tail: Option<Tail>,
    pub temperature: f32,
    pub contenders: Vec<Contender>,
}

impl Run {
    pub fn train(&self) -> Result<Trained> {
        let backbone = Backbone::load(&self.base, &self.device)?;
        let [training, validation, judges] = self.features(&backbone, "Features")?;
        let counts = class_counts(training.labels(), self.num_classes());
        if let Some(class) = counts.iter().position(|&count| count == 0) {
            bail!(
                "no tile of the class `{}` can be read: there is nothing to learn it from",
                self.tiles.classes[class]
            );
        }
        let (head, epoch) = self.fit_head((training, validation.clone()), "Head")?;
        println!("Head: the best epoch is {epoch}.");
        let ask = |samples: &Samples| Ok(ask_head(&head, samples));
        let (temperature, frozen) = self.judge("head on the frozen backbone", ask, &validation, &judges)?;
        if self.args.unfreeze == 0 {
            let contenders = vec![Contender { written: true, ..frozen }];
            return Ok(Trained { head, tail: None, temperature, contenders });
        }
        let (network, validation_maps, judge_maps) = self.fine_tune(&backbone, &head)?;
        let name = format!("head and the last {} blocks", self.args.unfreeze);
        let ask_network = |maps: &Samples| self.ask(&network, maps);
        let (tuned_temperature, tuned) = self.judge(&name, ask_network, &validation_maps, &judge_maps)?;
        let gain = (tuned.evaluation.accuracy - frozen.evaluation.accuracy) * 100.0;
        println!("Phase 2 changes the accuracy by {gain:+.1} points over the frozen backbone.");
        let before = self.validation_loss(ask(&validation)?, &validation, temperature);
        let after = self.validation_loss(ask_network(&validation_maps)?, &validation_maps, tuned_temperature);
        let better = after < before;
        if !better {
            println!("Phase 2 does not lower the validation loss: the model is written without it.");
        }
        let contenders =
            vec![Contender { written: !better, ..frozen }, Contender { written: better, ..tuned }];
        Ok(match better {
            true => Trained {
                head: {
                    let config = head.config().clone();
                    pollster::block_on(TrainedHead::of_burn(network.head, config).read())?
                },
                tail: Some(network.tail),
                temperature: tuned_temperature,
                contenders,
            },
            false => Trained { head, tail: None, temperature, contenders },
        })
    }

    /// Features of the tiles to learn from, to choose by, to judge by.
    pub fn features(&self, backbone: &Backbone, what: &str) -> Result<[Samples; 3]> {
        self.samples(|files, all_views| features(files, backbone, all_views, what), self.augmentation())
    }

    pub fn augmentation(&self) -> bool {
        self.args.settings.augmentation()
    }

    pub fn samples(
        &self,
        of: impl Fn(&[LabelledFile], bool) -> Result<Samples>,
        all_views: bool,
    ) -> Result<[Samples; 3]> {
        let validation = of(&self.tiles.validation, false)?;
        let judges = match &self.tiles.test {
            Some(test) => of(test, false)?,
            None => validation.clone(),
        };
        Ok([of(&self.tiles.training, all_views)?, validation, judges])
    }

    pub fn fit_head(&self, (training, validation): (Samples, Samples), what: &str) -> Result<(Head, usize)> {
        let shape = self.config.head(training.width(), self.num_classes());
        let start = Start::Scratch(Head::random(shape, &mut self.config.random()));
        let training = Subset::from(training);
        let learner = HeadLearner::new(&start, &self.config, &training, &self.device);
        let samples = (training, validation.into());
        let (head, epoch) = fit(&self.config, learner, self.num_classes(), samples, what)?;
        Ok((pollster::block_on(head.read())?, epoch))
    }

    /// Fits the temperature on the validation tiles and judges by the others.
    pub fn judge(
        &self,
        name: &str,
        ask: impl Fn(&Samples) -> Result<Vec<f32>>,
        validation: &Samples,
        judges: &Samples,
    ) -> Result<(f32, Contender)> {
        let temperature = fit_temperature(&ask(validation)?, validation.labels(), self.num_classes());
        let probabilities = softmax(ask(judges)?, self.num_classes(), temperature);
        let rows = probabilities.chunks(self.num_classes()).zip(judges.labels());
        let contender = Contender {
            name: name.into(),
            written: false,
            evaluation: Evaluation::new(&probabilities, judges.labels(), self.num_classes()),
            right: rows.map(|(row, &label)| argmax(row) == label).collect(),
        };
        Ok((temperature, contender))
    }

    /// Logits of a network on burn's device.
    pub fn ask<N: Network>(&self, network: &N, samples: &Samples) -> Result<Vec<f32>> {
        Ok(pollster::block_on(logits(network, &samples.clone().into(), &self.device.to_burn()))?)
    }

    pub fn validation_loss(&self, logits: Vec<f32>, validation: &Samples, temperature: f32) -> f64 {
        if validation.is_empty() {
            return 0.0;
        }
        let probabilities = softmax(logits, self.num_classes(), temperature);
        Evaluation::new(&probabilities, validation.labels(), self.num_classes()).loss
    }
}

/// Logits of every sample's first view.
pub fn ask_head(head: &Head, samples: &Samples) -> Vec<f32> {
    Classification::of_head(head).logits(&samples.first_views(0..samples.len()))
}
