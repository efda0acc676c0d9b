//! What a file is, told by its bytes: names lie, downloads break off, and sites answer with a page.

use super::ImportError;
use super::onnx;
use super::pytorch::archive;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Any container of `torch.save`.
    PyTorch,
    /// safetensors.
    Safetensors,
    /// An ONNX model.
    Onnx,
    /// A Keras model: HDF5, or a zip with such a file in it.
    Keras,
}

/// HDF5's signature (its specification, section II.A).
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// A FlatBuffers file states its kind here.
const TFLITE: (usize, &[u8]) = (4, b"TFL3");
/// What a zip begins with.
const ZIP: &[u8] = b"PK\x03\x04";
/// The mark of a tar and where it stands: PyTorch's container before 0.1.10, of 2017.
const TAR: (usize, &[u8]) = (257, b"ustar");
const GZIP: &[u8] = b"\x1f\x8b";
/// Field 1, a varint: `ModelProto.ir_version`.
const ONNX: u8 = 0x08;
/// Pickles of protocol 2 and newer begin with it.
const PICKLE: u8 = 0x80;

impl FileKind {
    /// Tells the kind of a checkpoint.
    ///
    /// # Errors
    ///
    /// [`ImportError::OtherKind`] says what it is instead, and what to do.
    pub fn of(bytes: &[u8]) -> Result<Self, ImportError> {
        let at =
            |(start, magic): (usize, &[u8])| bytes.get(start..).is_some_and(|rest| rest.starts_with(magic));
        let other = |what: &str| Err(ImportError::OtherKind(what.into()));
        if bytes.is_empty() {
            return other("empty: fetch or copy it again");
        }
        if bytes.starts_with(ZIP) {
            return Self::of_zip(bytes);
        }
        if let Some(end) = safetensors_header(bytes) {
            if end > bytes.len() {
                return other("a safetensors file that is not whole: fetch or copy it again");
            }
            return Ok(Self::Safetensors);
        }
        match bytes[0] {
            PICKLE => return Ok(Self::PyTorch),
            ONNX if at(TFLITE) => {}
            ONNX => return Ok(Self::Onnx),
            _ => {}
        }
        if at(TAR) {
            return Ok(Self::PyTorch);
        }
        if bytes.starts_with(HDF5) {
            return Ok(Self::Keras);
        }
        if at(TFLITE) {
            return other(
                "a TensorFlow Lite model, whose weights are packed for devices: import the model that it was made of",
            );
        }
        if bytes.starts_with(GZIP) {
            return other("compressed with gzip: unpack it first");
        }
        if bytes.starts_with(b"PK") {
            return other("an empty or broken zip archive: fetch or copy it again");
        }
        if let Some(kind) = text_kind(bytes) {
            return other(kind);
        }
        // A model may leave out its version.
        if onnx::is_model(bytes) {
            return Ok(Self::Onnx);
        }
        other("no checkpoint of PyTorch, safetensors, ONNX or Keras")
    }

    fn of_zip(bytes: &[u8]) -> Result<Self, ImportError> {
        let other = |what: &str| Err(ImportError::OtherKind(what.into()));
        let Ok(archive) = archive(bytes) else {
            return other(
                "half of a zip archive, which PyTorch's files are: the end is missing; fetch or copy it again",
            );
        };
        let names: Vec<String> = archive.file_names().flatten().map(|name| name.into_owned()).collect();
        let has = |end: &str| names.iter().any(|name| name == end || name.ends_with(&format!("/{end}")));
        if has("data.pkl") {
            if has("constants.pkl") || names.iter().any(|name| name.contains("/code/")) {
                return other(
                    "TorchScript, a program with weights in it. Save the weights instead: \
                     torch.save(torch.jit.load(\"model.pt\").state_dict(), \"weights.pth\")",
                );
            }
            return Ok(Self::PyTorch);
        }
        if has("model.weights.h5") {
            return Ok(Self::Keras);
        }
        other("a zip archive without a checkpoint: unpack it and import the file in it")
    }
}

/// Where a safetensors file's header ends and its data begin, where it has such a header at all.
fn safetensors_header(bytes: &[u8]) -> Option<usize> {
    let length = u64::from_le_bytes(*bytes.first_chunk()?);
    // The format allows 100 MB; and a header is a JSON object.
    (length <= 100_000_000 && bytes.get(8) == Some(&b'{')).then(|| 8 + length as usize)
}

/// What a text is that was taken for a checkpoint.
fn text_kind(bytes: &[u8]) -> Option<&'static str> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).trim_start().to_lowercase();
    if start.starts_with("version https://git-lfs") {
        return Some(
            "a Git LFS pointer, which stands for the file: run `git lfs pull` where it came from, then import it again",
        );
    }
    if start.starts_with("<!doctype html") || start.starts_with("<html") || start.contains("<html") {
        return Some(
            "a web page: the link led to a page about the file, or to a sign-in. Fetch the file itself",
        );
    }
    let is_text = bytes.iter().take(1024).all(|&byte| byte >= 0x20 || b"\t\r\n".contains(&byte));
    match start.chars().next() {
        Some('{' | '[') if is_text => {
            Some("JSON text: the weights are in another file, such as model.safetensors beside config.json")
        }
        _ => is_text.then_some("a text file: no weights are in it"),
    }
}
