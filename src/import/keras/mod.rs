//! Keras models: `.h5` of Keras 2 and 3, `.keras` of Keras 3, with their network described as JSON beside the weights.
//!
//! `keras.applications.MobileNetV3Small` is the same network as torchvision's but for two things. Images come as numbers
//! from -1 to 1, and strided convolutions are padded by one pixel less above and on the left. Kernels turned by 180° make
//! up for that: the model then gives Keras's answers for the tile turned by 180°.

mod classifier;
mod config;
mod network;
mod store;

use super::classifier::Chain;
use super::{ImportError, Normalisation};
use crate::model::parameters::Parameters;
use config::Layer;
use store::Store;

/// What a Keras model says of the network.
pub struct KerasModel {
    /// `features.*` under torchvision's names.
    pub backbone: Parameters,
    /// What stands behind the pooling: nothing, dense layers, or a reason why it cannot be taken.
    pub classifier: Result<Option<Chain>, String>,
    /// Mean and standard deviation that images are normalised by, of values from 0 to 1.
    pub normalisation: Normalisation,
    /// What was recognised and guessed.
    pub notes: Vec<String>,
    /// Which other network it may be, going on from a refusal; empty where none is known.
    pub hint: String,
}

/// Reads a `.h5` or `.keras` file.
///
/// # Errors
///
/// [`ImportError`] where the file is broken, holds weights without a network, or another network than MobileNetV3.
pub fn read(bytes: &[u8]) -> Result<KerasModel, ImportError> {
    let store = Store::open(bytes)?;
    let layers = config::layers(store.config())?;
    let last = network::last_layer(&layers)?;
    let (before, behind) = layers.split_at(last + 1);
    let mut notes = vec![
        "Keras pads strided convolutions by one pixel less above and on the left. The kernels were turned by 180°: the model \
         sees each tile as the original sees it upside down."
            .into(),
    ];
    let normalisation = network::normalisation(before, &mut notes);
    let hint = network::hint(before, &store);
    let backbone = network::parameters(before, &store)?;
    let classifier = classifier::read(behind, &store, &mut notes)?;
    Ok(KerasModel { backbone, classifier, normalisation, notes, hint })
}

fn unreadable(detail: impl std::fmt::Display) -> ImportError {
    ImportError::Unreadable { format: "Keras", detail: detail.to_string() }
}
