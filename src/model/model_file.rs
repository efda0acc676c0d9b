//! The model file: a `.safetensors` file that carries all that is needed to use the model, or one part of it: a
//! backbone, or a head.
//!
//! Any safetensors reader can open it. Its `__metadata__` has one entry of ours, `tilelens`: the
//! [`Manifest`] as JSON, and in it the SHA-256 of the whole file, computed with the digits of the
//! checksum themselves set to `0`.

use std::borrow::Cow;

use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, SafeTensorError, View};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::head::is_classifier;
use super::manifest::{FORMAT, Kind, Manifest};
use super::parameters::Parameters;
use crate::ErrorCode;
use crate::limits::{MAX_MODEL_ARRAYS, MAX_MODEL_BYTES};

/// The entry of `__metadata__` that holds the manifest.
const METADATA_KEY: &str = "tilelens";

/// What stands where the checksum will be, while it is computed.
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Everything in a model file.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// What the model is.
    pub manifest: Manifest,
    /// Its weights, under torchvision's names; the head's under `head.*`.
    pub parameters: Parameters,
}

/// How kernels and matrices are stored. Vectors (biases, batch-norm statistics) stay f32: they are a
/// fiftieth of the bytes, and variances span more than f16 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightsDtype {
    /// Two bytes a weight.
    F16,
    /// Two bytes a weight in the arrays that f16 holds to the last bit, four in the others: a new head on a
    /// backbone that came as f16.
    Lossless,
    /// Four bytes a weight.
    F32,
}

/// Why a file is not a model that can be used.
#[derive(Debug, Error)]
pub enum ModelFileError {
    /// The file ends before its last weight, or goes on after it.
    #[error("the model file is incomplete: fetch or copy it again")]
    Truncated,
    /// No safetensors file, or one without our manifest.
    #[error(
        "this is not a Tilelens model file ({0}): to make one of a checkpoint, drop it on the page, or use `tilelens import`"
    )]
    NotAModel(String),
    /// The bytes are not those that were written.
    #[error("the model file is damaged or was changed: its checksum does not match")]
    Checksum,
    /// Written by a newer Tilelens.
    #[error("the model file has format {found}, this Tilelens reads up to {FORMAT}: update Tilelens")]
    Version {
        /// The file's format.
        found: u32,
    },
    /// The manifest contradicts itself.
    #[error("the model file's description is not usable: {0}")]
    Manifest(String),
}

impl ErrorCode for ModelFileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Truncated => "model.truncated",
            Self::NotAModel(_) => "model.not_a_model",
            Self::Checksum => "model.checksum",
            Self::Version { .. } => "model.version",
            Self::Manifest(_) => "model.manifest",
        }
    }
}

impl ModelFile {
    /// Reads and verifies a model file; nothing is taken from a file that is not whole.
    ///
    /// # Errors
    ///
    /// [`ModelFileError`] saying what is wrong with the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        if bytes.len() as u64 > MAX_MODEL_BYTES {
            return Err(ModelFileError::NotAModel("it is larger than any model".into()));
        }
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
        let json = metadata
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(METADATA_KEY))
            .ok_or_else(|| ModelFileError::NotAModel("no Tilelens description in it".into()))?;
        let Seal { format, sha256 } = entries(json)?;
        if format > FORMAT {
            return Err(ModelFileError::Version { found: format });
        }
        let manifest: Manifest = entries(json)?;
        let sha256 = sha256.ok_or_else(|| ModelFileError::Manifest("it has no checksum".into()))?;
        // A fuzzer would never get past it.
        if checksum(bytes, &sha256)? != sha256 && !cfg!(fuzzing) {
            return Err(ModelFileError::Checksum);
        }
        manifest.check().map_err(ModelFileError::Manifest)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(unreadable)?;
        if tensors.len() > MAX_MODEL_ARRAYS {
            return Err(ModelFileError::NotAModel("it has more arrays than any model".into()));
        }
        let mut parameters = Parameters::default();
        for (name, tensor) in tensors.iter() {
            let values = to_f32(tensor.dtype(), tensor.data()).ok_or_else(|| {
                ModelFileError::Manifest(format!("`{name}` is stored as {:?}", tensor.dtype()))
            })?;
            if manifest.kind() == Kind::Head && !is_classifier(name) {
                return Err(ModelFileError::Manifest(format!("a head alone has no layer `{name}`")));
            }
            parameters.insert(name, tensor.shape().to_vec(), values);
        }
        Ok(Self { manifest, parameters })
    }

    /// The bytes of the model file, the same for the same model.
    ///
    /// # Errors
    ///
    /// [`ModelFileError::Manifest`] when the manifest contradicts itself.
    pub fn to_bytes(&self, dtype: WeightsDtype) -> Result<Vec<u8>, ModelFileError> {
        self.manifest.check().map_err(ModelFileError::Manifest)?;
        let manifest = Manifest { format: FORMAT, ..self.manifest.clone() };
        let entries = serde_json::to_string(&manifest).expect("a manifest has no map with odd keys");
        // One more entry, before the manifest's own.
        let json = format!(r#"{{"sha256":"{NO_CHECKSUM}",{}"#, &entries[1..]);
        let views = self
            .parameters
            .iter()
            .map(|(name, parameter)| (name, StoredTensor::new(&parameter.shape, &parameter.values, dtype)));
        let metadata = [(METADATA_KEY.to_string(), json)].into_iter().collect();
        let mut bytes = safetensors::serialize(views, Some(metadata))
            .map_err(|error| ModelFileError::Manifest(error.to_string()))?;
        let sha256 = hex(&Sha256::digest(&bytes));
        let at = find(&bytes, NO_CHECKSUM.as_bytes()).expect("the manifest was just written");
        bytes[at..at + sha256.len()].copy_from_slice(sha256.as_bytes());
        Ok(bytes)
    }
}

/// The version, so that a newer manifest is refused for its version and not for a field; and what stands beside the
/// manifest, the checksum of the file that it stands in.
#[derive(Deserialize)]
struct Seal {
    format: u32,
    sha256: Option<String>,
}

/// Those that `T` knows, of an object in JSON.
fn entries<T: DeserializeOwned>(json: &str) -> Result<T, ModelFileError> {
    serde_json::from_str(json).map_err(|error| ModelFileError::Manifest(error.to_string()))
}

/// The SHA-256 of the file with the digits of `stated` set to `0`.
fn checksum(bytes: &[u8], stated: &str) -> Result<String, ModelFileError> {
    if stated.len() != NO_CHECKSUM.len() {
        return Err(ModelFileError::Checksum);
    }
    let at = find(bytes, stated.as_bytes()).ok_or(ModelFileError::Checksum)?;
    let mut hasher = Sha256::new();
    hasher.update(&bytes[..at]);
    hasher.update(NO_CHECKSUM);
    hasher.update(&bytes[at + stated.len()..]);
    Ok(hex(&hasher.finalize()))
}

fn unreadable(error: SafeTensorError) -> ModelFileError {
    match error {
        SafeTensorError::MetadataIncompleteBuffer
        | SafeTensorError::InvalidHeaderLength
        | SafeTensorError::HeaderTooSmall => ModelFileError::Truncated,
        other => ModelFileError::NotAModel(other.to_string()),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Little-endian values of a floating-point type as f32; `None` for another type.
pub(crate) fn to_f32(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F32 => values(bytes, f32::from_le_bytes),
        Dtype::F16 => values(bytes, |value| f16::from_le_bytes(value).to_f32()),
        Dtype::BF16 => values(bytes, |value| half::bf16::from_le_bytes(value).to_f32()),
        Dtype::F64 => values(bytes, |value| f64::from_le_bytes(value) as f32),
        _ => return None,
    })
}

fn values<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&chunk| value(chunk)).collect()
}

/// A parameter in the bytes that it is stored in.
struct StoredTensor<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    bytes: Vec<u8>,
}

impl<'a> StoredTensor<'a> {
    fn new(shape: &'a [usize], values: &[f32], dtype: WeightsDtype) -> Self {
        let survives = |&value: &f32| f16::from_f32(value).to_f32() == value;
        let halve = shape.len() > 1
            && match dtype {
                WeightsDtype::F16 => true,
                WeightsDtype::Lossless => values.iter().all(survives),
                WeightsDtype::F32 => false,
            };
        let bytes = if halve {
            values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect()
        } else {
            values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        Self { dtype: if halve { Dtype::F16 } else { Dtype::F32 }, shape, bytes }
    }
}

impl View for StoredTensor<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
