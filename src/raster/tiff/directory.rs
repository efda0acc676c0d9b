//! The chain of directories: tags and where their values stand.
//!
//! Hostile files lie about counts and offsets, and chain directories in circles. So a value is fetched only when it is
//! asked for, never longer than the file, and no directory is visited twice.

use std::collections::BTreeMap;

use super::super::{RasterError, Source};
use super::tags;

/// More directories (pages, overviews, masks) than any raster has.
const MOST_DIRECTORIES: usize = 256;

/// More tags than any directory has.
const MOST_ENTRIES: u64 = 4096;

/// The longest value that is fetched: the offsets of eight million blocks.
const LONGEST_VALUE_BYTES: u64 = 64 << 20;

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// An unsigned number of one to eight bytes.
    pub fn unsigned(self, bytes: &[u8]) -> u64 {
        let push = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, push),
            Self::Big => bytes.iter().fold(0, push),
        }
    }
}

/// The type of a value (TIFF 6.0, section 2; BigTIFF).
fn type_bytes(kind: u16) -> Option<u64> {
    Some(match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => return None,
    })
}

/// A value: its type, how many, and where in the file.
#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: u16,
    count: u64,
    offset: u64,
}

/// One directory.
#[derive(Debug, Clone)]
pub struct Directory {
    pub order: ByteOrder,
    entries: BTreeMap<u16, Entry>,
}

/// All directories of a file, in the order of their chain, each followed by those that are hung below it.
///
/// # Errors
///
/// [`RasterError::NotTiff`], and what is wrong with the first directory; what follows a damaged later one is left out.
pub fn directories(source: &dyn Source) -> Result<Vec<Directory>, RasterError> {
    let layout = Layout::read(source)?;
    let mut directories = Vec::new();
    let mut visited = Vec::new();
    // The next one is the last here.
    let mut pending = vec![layout.first];
    while let Some(offset) = pending.pop().filter(|_| directories.len() < MOST_DIRECTORIES) {
        if offset == 0 || visited.contains(&offset) {
            continue;
        }
        visited.push(offset);
        match layout.directory(source, offset) {
            Ok((directory, next)) => {
                pending.push(next);
                // Some writers keep the overviews of a picture so (Adobe's technical note 1).
                let below = directory.numbers(source, tags::SUB_IFDS).unwrap_or_default();
                pending.extend(below.into_iter().take(MOST_DIRECTORIES).rev());
                directories.push(directory);
            }
            Err(error) if directories.is_empty() => return Err(error),
            Err(_) => {}
        }
    }
    if directories.is_empty() { Err(RasterError::damaged("it has no directory")) } else { Ok(directories) }
}

/// Whether bytes begin as a TIFF or BigTIFF file does.
pub fn is_tiff(bytes: &[u8]) -> bool {
    matches!(bytes.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
}

/// Classic or big, and in which order its bytes are.
struct Layout {
    order: ByteOrder,
    big: bool,
    first: u64,
}

impl Layout {
    fn read(source: &dyn Source) -> Result<Self, RasterError> {
        let size = source.size();
        let head = fetch(source, 0, size.min(16))?;
        if !is_tiff(&head) {
            return Err(RasterError::NotTiff);
        }
        let order = if head[0] == b'I' { ByteOrder::Little } else { ByteOrder::Big };
        let big = head.contains(&b'+');
        let first = if big { head.get(8..16) } else { head.get(4..8) }.ok_or(RasterError::CutOff)?;
        if big && order.unsigned(&head[4..6]) != 8 {
            return Err(RasterError::damaged("its offsets are not of eight bytes"));
        }
        Ok(Self { order, big, first: order.unsigned(first) })
    }

    /// The directory at an offset, and the offset of the next.
    fn directory(&self, source: &dyn Source, offset: u64) -> Result<(Directory, u64), RasterError> {
        let (count_bytes, entry_bytes, inline_bytes) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.order.unsigned(&fetch(source, offset, count_bytes)?);
        if count == 0 || count > MOST_ENTRIES {
            return Err(RasterError::damaged(format!("a directory of {count} tags")));
        }
        let start = offset + count_bytes;
        let bytes = fetch(source, start, count * entry_bytes)?;
        let mut entries = BTreeMap::new();
        for (index, entry) in bytes.chunks_exact(entry_bytes as usize).enumerate() {
            let tag = self.order.unsigned(&entry[..2]) as u16;
            let kind = self.order.unsigned(&entry[2..4]) as u16;
            let value_at = entry_bytes as usize - inline_bytes;
            let count = self.order.unsigned(&entry[4..value_at]);
            let Some(bytes) = type_bytes(kind).and_then(|one| one.checked_mul(count)) else { continue };
            let offset = if bytes <= inline_bytes as u64 {
                start + index as u64 * entry_bytes + value_at as u64
            } else {
                self.order.unsigned(&entry[value_at..])
            };
            // Of a tag that comes twice the first counts, as in libtiff.
            entries.entry(tag).or_insert(Entry { kind, count, offset });
        }
        // A chain that ends with the file ends.
        let next = fetch(source, start + count * entry_bytes, inline_bytes as u64);
        let next = next.map_or(0, |bytes| self.order.unsigned(&bytes));
        Ok((Directory { order: self.order, entries }, next))
    }
}

impl Directory {
    /// Whether the tag is there.
    pub fn has(&self, tag: u16) -> bool {
        self.entries.contains_key(&tag)
    }

    /// Unsigned numbers; none where the tag is missing or of another type.
    pub fn numbers(&self, source: &dyn Source, tag: u16) -> Result<Vec<u64>, RasterError> {
        match self.entries.get(&tag) {
            Some(entry) if matches!(entry.kind, 1 | 3 | 4 | 6 | 7 | 8 | 9 | 13 | 16 | 17 | 18) => {
                let bytes = self.fetch(source, entry)?;
                let one = type_bytes(entry.kind).expect("a known type") as usize;
                Ok(bytes.chunks_exact(one).map(|bytes| self.order.unsigned(bytes)).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The first unsigned number, or what stands for a missing one.
    pub fn number_or(&self, source: &dyn Source, tag: u16, default: u64) -> Result<u64, RasterError> {
        Ok(self.numbers(source, tag)?.first().copied().unwrap_or(default))
    }

    /// Floating-point numbers.
    pub fn floats(&self, source: &dyn Source, tag: u16) -> Result<Vec<f64>, RasterError> {
        let Some(entry) = self.entries.get(&tag) else { return Ok(Vec::new()) };
        let bytes = self.fetch(source, entry)?;
        Ok(match entry.kind {
            11 => bytes
                .chunks_exact(4)
                .map(|b| f64::from(f32::from_bits(self.order.unsigned(b) as u32)))
                .collect(),
            12 => bytes.chunks_exact(8).map(|bytes| f64::from_bits(self.order.unsigned(bytes))).collect(),
            _ => self.numbers(source, tag)?.into_iter().map(|value| value as f64).collect(),
        })
    }

    /// Text up to its first zero byte.
    pub fn text(&self, source: &dyn Source, tag: u16) -> Result<Option<String>, RasterError> {
        let Some(entry) = self.entries.get(&tag).filter(|entry| entry.kind == 2) else { return Ok(None) };
        let bytes = self.fetch(source, entry)?;
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        Ok(Some(String::from_utf8_lossy(&bytes[..end]).into_owned()))
    }

    /// Bytes as they are.
    pub fn bytes(&self, source: &dyn Source, tag: u16) -> Result<Vec<u8>, RasterError> {
        self.entries.get(&tag).map_or(Ok(Vec::new()), |entry| self.fetch(source, entry))
    }

    fn fetch(&self, source: &dyn Source, entry: &Entry) -> Result<Vec<u8>, RasterError> {
        let bytes = type_bytes(entry.kind).and_then(|one| one.checked_mul(entry.count));
        let bytes = bytes.filter(|&bytes| bytes <= LONGEST_VALUE_BYTES);
        let bytes =
            bytes.ok_or_else(|| RasterError::TooLarge(format!("{} numbers in one tag", entry.count)))?;
        fetch(source, entry.offset, bytes)
    }
}

/// Bytes of the file; [`RasterError::CutOff`] where it is shorter.
pub fn fetch(source: &dyn Source, offset: u64, length: u64) -> Result<Vec<u8>, RasterError> {
    within(source, offset, length)?;
    let bytes = source.read(offset, length as usize).map_err(unreadable)?;
    Ok(bytes.into_owned())
}

/// Whether the file has these bytes.
pub fn within(source: &dyn Source, offset: u64, length: u64) -> Result<(), RasterError> {
    match offset.checked_add(length) {
        Some(end) if end <= source.size() => Ok(()),
        _ => Err(RasterError::CutOff),
    }
}

/// The system's words for bytes that did not come.
pub fn unreadable(error: std::io::Error) -> RasterError {
    RasterError::Unreadable(error.to_string())
}
