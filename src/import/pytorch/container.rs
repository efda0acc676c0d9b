//! The container of a checkpoint, brought into a form that the reader takes.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use pytorch_reader::PytorchReader;
use tempfile::NamedTempFile;
use zip::read::{ArchiveOffset, Config};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::collections::with_plain_collections;
use super::{ImportError, unreadable};

/// What a zip begins with: PyTorch's container since 1.6, and the only one whose files can be compressed.
const ZIP: &[u8] = b"PK";

/// The mark of a tar and where it stands: PyTorch's container before 0.1.10, of 2017.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// Comments of these lengths are tried behind a repacked archive.
const COMMENT_LENGTHS: [usize; 4] = [0, 1000, 3001, 7003];

/// A checkpoint that is open. The reader fetches tensors from the file, which may be a temporary one.
pub struct Opened {
    pub reader: PytorchReader,
    _repacked: Option<NamedTempFile>,
}

/// Opens a zip of PyTorch's. It begins with the file: nothing is searched for before it.
pub fn archive(bytes: &[u8]) -> zip::result::ZipResult<ZipArchive<Cursor<&[u8]>>> {
    ZipArchive::with_config(Config { archive_offset: ArchiveOffset::Known(0) }, Cursor::new(bytes))
}

/// Opens the checkpoint at `path`, whose bytes are `bytes`.
pub fn open(path: &Path, bytes: &[u8]) -> Result<Opened, ImportError> {
    let repacked = if bytes.starts_with(ZIP) {
        repacked(bytes)?
    } else if bytes.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Err(unreadable(
            "it is a tar, which is older than MobileNetV3: save it with a newer PyTorch".into(),
        ));
    } else {
        None
    };
    let path = repacked.as_ref().map_or(path, |file| file.path());
    let reader = PytorchReader::new(path).map_err(|error| unreadable(error.to_string()))?;
    Ok(Opened { reader, _repacked: repacked })
}

/// The same archive with what the reader stumbles over put right; none where it takes it as it is.
fn repacked(bytes: &[u8]) -> Result<Option<NamedTempFile>, ImportError> {
    let failed = |error: &dyn std::fmt::Display| unreadable(error.to_string());
    let mut archive = archive(bytes).map_err(|error| failed(&error))?;
    let mut pickle = None;
    for index in 0..archive.len() {
        let mut entry = archive.by_index_raw(index).map_err(|error| failed(&error))?;
        // A file could be larger than the archive, and the reader would hold whatever it claims.
        if entry.compression() != CompressionMethod::Stored {
            return Err(unreadable(
                "its files are compressed, which PyTorch never does: save it with PyTorch".into(),
            ));
        }
        if entry.name_raw().ends_with(b"data.pkl") {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(|error| failed(&error))?;
            pickle = with_plain_collections(&text).map(|text| (index, text));
        }
    }
    // The zip crate, when it looks for an archive's beginning by itself as the reader has it do, loses some good ones.
    if pickle.is_none() && ZipArchive::new(Cursor::new(bytes)).is_ok() {
        return Ok(None);
    }
    for comment in COMMENT_LENGTHS {
        let copy = repack(&mut archive, pickle.as_ref(), comment).map_err(|error| failed(&error))?;
        if ZipArchive::new(Cursor::new(&copy)).is_ok() {
            let mut file = NamedTempFile::new().map_err(|error| failed(&error))?;
            file.write_all(&copy).map_err(|error| failed(&error))?;
            return Ok(Some(file));
        }
    }
    Err(unreadable("its zip archive cannot be read: save it once more".into()))
}

fn repack(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    pickle: Option<&(usize, Vec<u8>)>,
    comment: usize,
) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        writer.start_file(name, stored)?;
        match pickle {
            Some((at, text)) if *at == index => writer.write_all(text)?,
            _ => drop(std::io::copy(&mut entry, &mut writer)?),
        }
    }
    writer.set_comment(" ".repeat(comment))?;
    Ok(writer.finish()?.into_inner())
}
