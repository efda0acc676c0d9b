//! The JSON of a Keras model → its layers in their order, those of models in it in their place.

use std::collections::HashMap;

use serde_json::Value;

use super::{ImportError, unreadable};

/// A layer of the network.
#[derive(Debug, Clone)]
pub struct Layer {
    /// `Conv2D`, `Dense` …
    pub class: String,
    /// As the user or Keras called it.
    pub name: String,
    /// How it was made.
    pub config: Value,
    /// Where a `.keras` file has its weights: `functional/layers/conv2d_1`.
    pub path: String,
}

impl Layer {
    /// The name as Keras 3 spells it: TensorFlow's Keras parted by `/`, and `BatchNorm` was in words.
    pub fn plain_name(&self) -> String {
        self.name.to_lowercase().replace('/', "_").replace("batchnorm", "bn")
    }

    /// A number of its configuration.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.config.get(key)?.as_f64()
    }

    /// A text of its configuration.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.config.get(key)?.as_str()
    }
}

/// Every layer of a model's JSON.
pub fn layers(json: &str) -> Result<Vec<Layer>, ImportError> {
    let model: Value = serde_json::from_str(json).map_err(unreadable)?;
    let mut found = Vec::new();
    flatten(&model, "", &mut found);
    if found.is_empty() {
        return Err(unreadable("its network has no layers"));
    }
    Ok(found)
}

/// `serde_json` bounds how deep models lie in models.
fn flatten(model: &Value, path: &str, found: &mut Vec<Layer>) {
    let config = &model["config"];
    let Some(layers) = config.get("layers").or(Some(config)).and_then(Value::as_array) else { return };
    let mut counts = HashMap::<String, usize>::new();
    for layer in layers {
        let class = layer["class_name"].as_str().unwrap_or_default();
        let kind = snake_case(class);
        let count = counts.entry(kind.clone()).or_default();
        let place = if *count == 0 { kind } else { format!("{kind}_{count}") };
        *count += 1;
        let path = format!("{path}{place}");
        if layer["config"]["layers"].is_array() {
            flatten(layer, &format!("{path}/layers/"), found);
            continue;
        }
        let name = layer["config"]["name"].as_str().or(layer["name"].as_str()).unwrap_or_default();
        found.push(Layer { class: class.into(), name: name.into(), config: layer["config"].clone(), path });
    }
}

/// As Keras spells classes in its files: `DepthwiseConv2D` → `depthwise_conv2d` (keras.src.utils.naming).
fn snake_case(class: &str) -> String {
    let characters: Vec<char> = class.chars().collect();
    let mut snake = String::new();
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let next_is_lower = characters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let starts = match before {
            Some(before) if character.is_ascii_uppercase() => {
                before.is_ascii_lowercase() || (next_is_lower && before != '_')
            }
            _ => false,
        };
        if starts {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_spelled_as_keras_does() {
        for (class, snake) in [
            ("Conv2D", "conv2d"),
            ("DepthwiseConv2D", "depthwise_conv2d"),
            ("BatchNormalization", "batch_normalization"),
            ("Dense", "dense"),
            ("ReLU", "re_lu"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ] {
            assert_eq!(snake_case(class), snake);
        }
    }
}
