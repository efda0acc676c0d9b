//! Files that the commands share.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use half::f16;
use tilelens::import::labels;
use tilelens::model::model_file::{ModelFile, WeightsDtype};

/// Where the models lie that come with Tilelens, from the folder that a command is started in.
const OWN_MODELS: &str = "models";

/// Reads and verifies a model file.
pub fn open_model(path: &Path) -> Result<ModelFile> {
    let bytes = fs::read(path).with_context(|| {
        let own = if path.starts_with(OWN_MODELS) && !path.exists() {
            ": Tilelens looks for its own models in the folder that you are in; go to its repository, or give --model (and \
             --head) with their paths"
        } else {
            ""
        };
        format!("{} cannot be read{own}", path.display())
    })?;
    ModelFile::from_bytes(&bytes).with_context(|| path.display().to_string())
}

/// Writes a model file, and the folder that it stands in, and says so. Weights that half precision cannot hold are
/// written in full, and that is said, too.
pub fn write_model(path: &Path, model: &ModelFile, dtype: WeightsDtype) -> Result<()> {
    let largest = f32::from(f16::MAX);
    let is_beyond = |values: &[f32]| values.iter().any(|value| value.abs() > largest);
    let beyond =
        model.parameters.iter().find(|(_, weight)| weight.shape.len() > 1 && is_beyond(&weight.values));
    let dtype = match beyond {
        Some((name, _)) if dtype == WeightsDtype::F16 => {
            eprintln!(
                "`{name}` holds numbers over {largest}, too large for f16: the model is written as f32."
            );
            WeightsDtype::F32
        }
        _ => dtype,
    };
    let bytes = model.to_bytes(dtype)?;
    write(path, &bytes)?;
    println!("{}: {} bytes", path.display(), bytes.len());
    Ok(())
}

/// Writes a file, and the folder that it stands in.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    make_folder_of(path)?;
    fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

/// Makes the folder that a file is to stand in.
pub fn make_folder_of(path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

/// A list of labels in any of the forms that people have them in.
pub fn read_labels(path: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    labels::read(&bytes).map_err(|reason| anyhow!("{} is no list of labels: {reason}", path.display()))
}

/// The lines of a text file that are not blank, trimmed.
pub fn read_lines(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}
