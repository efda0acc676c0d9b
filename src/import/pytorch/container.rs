//! Where a checkpoint keeps its pickle and its numbers: in a zip since PyTorch 1.6, one behind the other before.

use std::collections::HashMap;
use std::io::Cursor;

use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::pickle::{Container, Pickle, Value};
use super::{ImportError, storage_size, unreadable};

/// What a zip begins with.
const ZIP: &[u8] = b"PK";
/// The mark of a tar and where it stands: PyTorch's container before 0.1.10, of 2017.
const TAR: (usize, &[u8]) = (257, b"ustar");
/// `torch.serialization.MAGIC_NUMBER` as a pickle, behind the two bytes of its protocol.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// The parts of a checkpoint.
pub struct Checkpoint<'a> {
    /// The bytes of the pickle with the weights' names and shapes.
    pub pickle: &'a [u8],
    /// Numbers by the name that the pickle calls them.
    pub storages: HashMap<String, &'a [u8]>,
}

/// Opens a zip of PyTorch's. It begins with the file: nothing is searched for before it.
pub fn archive(bytes: &[u8]) -> zip::result::ZipResult<ZipArchive<Cursor<&[u8]>>> {
    ZipArchive::with_config(Config { archive_offset: ArchiveOffset::Known(0) }, Cursor::new(bytes))
}

/// Takes a checkpoint apart.
pub fn open(bytes: &[u8]) -> Result<Checkpoint<'_>, ImportError> {
    if bytes.starts_with(ZIP) {
        return of_zip(bytes);
    }
    if bytes.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Err(unreadable("it is a tar, which is older than MobileNetV3: save it with a newer PyTorch"));
    }
    if bytes.get(2..).is_some_and(|rest| rest.starts_with(MAGIC)) {
        return of_sequence(bytes);
    }
    Ok(Checkpoint { pickle: bytes, storages: HashMap::new() })
}

fn of_zip(bytes: &[u8]) -> Result<Checkpoint<'_>, ImportError> {
    let mut archive = archive(bytes).map_err(unreadable)?;
    let mut files = HashMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(unreadable)?;
        // A file could be larger than the archive, and the reader would hold whatever it claims.
        if entry.compression() != CompressionMethod::Stored {
            return Err(unreadable(
                "its files are compressed, which PyTorch never does: save it with PyTorch",
            ));
        }
        let start = entry.data_start().ok_or_else(|| unreadable("a file in it has no place"))?;
        let range = usize::try_from(start).ok().zip(usize::try_from(entry.size()).ok());
        let content = range.and_then(|(start, size)| bytes.get(start..start.checked_add(size)?));
        let content = content.ok_or_else(|| unreadable("a file in it reaches beyond its end"))?;
        files.insert(String::from_utf8_lossy(entry.name_raw()).into_owned(), content);
    }
    let pickles = files.keys().filter(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let Some(name) = pickles.min_by_key(|name| name.len()) else {
        return Err(unreadable("there is no data.pkl in it"));
    };
    let root = name.trim_end_matches("data.pkl").to_owned();
    let pickle = files[name];
    if files.get(&format!("{root}byteorder")).is_some_and(|order| order.starts_with(b"big")) {
        return Err(unreadable("it was written on a machine whose numbers begin with their highest byte"));
    }
    let data = format!("{root}data/");
    let storage = |(name, content): (String, _)| Some((name.strip_prefix(&data)?.to_owned(), content));
    Ok(Checkpoint { pickle, storages: files.into_iter().filter_map(storage).collect() })
}

/// Pickles of a magic number, a version, the system, the weights and the storages' names, and then each storage's length
/// and bytes (`torch.serialization._legacy_load`).
fn of_sequence(bytes: &[u8]) -> Result<Checkpoint<'_>, ImportError> {
    let broken = || unreadable("it is not whole, or no checkpoint of torch.save");
    let mut rest = bytes;
    for _ in 0..3 {
        rest = &rest[Pickle::read(rest).ok_or_else(broken)?.length..];
    }
    let weights = Pickle::read(rest).ok_or_else(broken)?;
    let pickle = &rest[..weights.length];
    rest = &rest[weights.length..];
    let names = Pickle::read(rest).ok_or_else(broken)?;
    rest = &rest[names.length..];

    let sizes: HashMap<&str, usize> =
        weights.containers.iter().filter_map(|found| size_of_storage(&weights, found)).collect();
    let mut storages = HashMap::new();
    for name in names.sequence(names.root).ok_or_else(broken)? {
        let Value::Text(name) = *name else { return Err(broken()) };
        let (count, behind) = rest.split_first_chunk().ok_or_else(broken)?;
        let size = sizes.get(name).ok_or_else(broken)?;
        let length =
            usize::try_from(u64::from_le_bytes(*count)).ok().and_then(|count| count.checked_mul(*size));
        let (content, behind) =
            length.and_then(|length| behind.split_at_checked(length)).ok_or_else(broken)?;
        storages.insert(name.to_owned(), content);
        rest = behind;
    }
    Ok(Checkpoint { pickle, storages })
}

/// The name of a storage and the bytes of a number in it.
fn size_of_storage<'a>(pickle: &Pickle<'a>, found: &Container<'a>) -> Option<(&'a str, usize)> {
    let Container::Outside(words) = found else { return None };
    match pickle.sequence(*words)? {
        [_, Value::Global(_, kind), Value::Text(name), ..] => Some((name, storage_size(kind)?)),
        _ => None,
    }
}
