//! Where the bytes of a raster come from: a file, memory, a slice of a `Blob`, a test's fake.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

/// Bytes that are read by ranges, so that nothing ever holds a whole raster.
pub trait Source {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Exactly `length` bytes from `offset` on. Callers stay within [`Source::size`].
    ///
    /// # Errors
    ///
    /// Whatever kept the bytes from being read.
    fn read(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>>;
}

impl Source for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start.checked_add(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.get(start..end).map(Cow::Borrowed).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Source for Arc<[u8]> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        let bytes: &[u8] = self;
        bytes.read(offset, length).map(|part| Cow::Owned(part.into_owned()))
    }
}

/// A file on a disk.
#[cfg(not(target_family = "wasm"))]
pub struct FileSource {
    file: std::fs::File,
    size: u64,
}

#[cfg(not(target_family = "wasm"))]
impl FileSource {
    /// Opens the file for reading.
    ///
    /// # Errors
    ///
    /// Those of the system: no such file, no right to read it.
    pub fn open(path: &std::path::Path) -> io::Result<Self> {
        let file = std::fs::File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

#[cfg(not(target_family = "wasm"))]
impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes)?;
        Ok(Cow::Owned(bytes))
    }
}
