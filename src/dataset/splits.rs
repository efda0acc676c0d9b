//! Folders that divide a data set into what is learnt from and what judges.

/// What the tiles of a split are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subset {
    /// To learn from.
    Training,
    /// To choose by: the epoch, the temperature.
    Validation,
    /// To judge by in the end.
    Test,
}

/// Words that stand beside a split's name and say nothing: `training_set`, `seg_train`, `test-images`.
const FILLERS: [&str; 9] = ["set", "data", "dataset", "image", "images", "img", "imgs", "seg", "split"];

impl Subset {
    /// The split that a folder is by its name, in any case and as Kaggle, Roboflow, Keras and torchvision spell it.
    pub fn of_folder(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        let words =
            lower.split(['_', '-', ' ', '.']).filter(|word| !word.is_empty() && !FILLERS.contains(word));
        let mut subsets = words.map(|word| match word {
            "train" | "training" => Some(Self::Training),
            "val" | "valid" | "validation" => Some(Self::Validation),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        });
        match (subsets.next(), subsets.next()) {
            (Some(subset), None) => subset,
            _ => None,
        }
    }

    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Subset::{self, Test, Training, Validation};

    #[test]
    fn splits_are_known_by_the_names_that_data_sets_give_them() {
        for (subset, names) in [
            (Training, &["train", "Training", "TRAIN", "seg_train", "training_set", "train-images"][..]),
            (Validation, &["val", "valid", "Validation", "validation_set"]),
            (Test, &["test", "Testing", "test_set", "seg_test"]),
        ] {
            for name in names {
                assert_eq!(Subset::of_folder(name), Some(subset), "{name}");
            }
        }
        for class in ["forest", "train station", "trains", "test_train", "set", "2019", "validated"] {
            assert_eq!(Subset::of_folder(class), None, "{class}");
        }
    }
}
