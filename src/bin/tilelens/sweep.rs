//! Settings to be tried side by side, from a JSON file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use tilelens::training::trainer::TrainingConfig;

/// How a head is trained and asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub name: String,
    pub config: TrainingConfig,
    /// Whether it learns from a tile's eight flips and turns.
    pub augmentation: bool,
    /// Whether it is asked about all of them.
    pub view_average: bool,
}

/// A setting as the file has it: what differs from another.
#[derive(Deserialize)]
struct Difference {
    name: String,
    augmentation: Option<bool>,
    view_average: Option<bool>,
    #[serde(flatten)]
    config: Map<String, Value>,
}

/// The settings of a file, each by what differs from `usual`.
pub fn read_sweep(path: &Path, usual: &Setting) -> Result<Vec<Setting>> {
    let read = || {
        let text = fs::read_to_string(path)?;
        parse(&text, usual)
    };
    read().with_context(|| format!("{} is no list of settings", path.display()))
}

fn parse(text: &str, usual: &Setting) -> Result<Vec<Setting>> {
    let differences: Vec<Difference> = serde_json::from_str(text)?;
    if differences.is_empty() {
        bail!("it is empty");
    }
    differences.into_iter().map(|difference| difference.from(usual)).collect()
}

impl Difference {
    fn from(self, usual: &Setting) -> Result<Setting> {
        let Self { name, augmentation, view_average, config } = self;
        let Value::Object(mut all) = serde_json::to_value(&usual.config)? else {
            bail!("settings are an object")
        };
        all.extend(config);
        let named = || format!("the setting `{name}`");
        let config: TrainingConfig = serde_json::from_value(Value::Object(all)).with_context(named)?;
        config.check().with_context(named)?;
        Ok(Setting {
            config,
            augmentation: augmentation.unwrap_or(usual.augmentation),
            view_average: view_average.unwrap_or(usual.view_average),
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_changes_what_it_names_and_refuses_what_it_does_not_know() {
        let config = TrainingConfig { epochs: 7, ..TrainingConfig::default() };
        let usual = Setting { name: "usual".into(), config, augmentation: true, view_average: false };
        let found =
            parse(r#"[{"name": "a"}, {"name": "b", "weight_decay": 0.5, "augmentation": false}]"#, &usual);
        let found = found.unwrap();
        assert_eq!(found[0], Setting { name: "a".into(), ..usual.clone() });
        let config = TrainingConfig { weight_decay: 0.5, ..usual.config.clone() };
        assert_eq!(found[1], Setting { name: "b".into(), config, augmentation: false, view_average: false });
        for (bad, why) in [
            (r#"[{"name": "c", "wieght_decay": 0.5}]"#, "wieght_decay"),
            (r#"[{"name": "c", "epochs": 0}]"#, "epochs"),
            ("[]", "empty"),
            (r#"[{"epochs": 1}]"#, "name"),
        ] {
            let error = format!("{:#}", parse(bad, &usual).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }
}
