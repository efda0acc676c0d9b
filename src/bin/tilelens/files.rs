//! Files that the commands share.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tilelens::model::model_file::{ModelFile, WeightsDtype};

/// Reads and verifies a model file.
pub fn open_model(path: &Path) -> Result<ModelFile> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    ModelFile::from_bytes(&bytes).with_context(|| path.display().to_string())
}

/// Writes a model file, and the folder that it stands in, and says so.
pub fn write_model(path: &Path, model: &ModelFile, dtype: WeightsDtype) -> Result<()> {
    let bytes = model.to_bytes(dtype)?;
    write(path, &bytes)?;
    println!("{}: {} bytes", path.display(), bytes.len());
    Ok(())
}

/// Writes a file, and the folder that it stands in.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

/// The lines of a text file that are not blank, trimmed.
pub fn read_lines(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}
