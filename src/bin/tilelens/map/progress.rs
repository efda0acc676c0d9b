//! The windows that are done, kept in a file beside the map until it is written: what a run that was cut off has
//! computed is not computed again.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tilelens::model::model_file::ModelFile;
use tilelens::raster::Stretch;
use tilelens::scene::{Answer, Grid};

use super::super::files::make_folder_of;
use super::super::model::AskingArgs;
use super::super::scenes::SceneFile;

/// An identity's first key, and none of a row's.
const IDENTITY_BEGINS: &[u8] = b"{\"backbone\"";

/// A window that is done.
pub struct Row {
    pub window: usize,
    pub answer: Answer,
    /// Cells of the map without data.
    pub empty: Vec<usize>,
}

/// A row as it stands in the file: a JSON object a line.
#[derive(Serialize, Deserialize)]
struct Written {
    window: usize,
    /// None where the window is without data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scores: Vec<f32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    empty: Vec<usize>,
}

/// The answers so far, in memory and in the file.
pub struct Progress {
    path: PathBuf,
    file: File,
    answers: Vec<Option<(Answer, Vec<usize>)>>,
}

/// All that the answers depend on, as the first line of the file.
pub fn identity(
    file: &SceneFile,
    model: &ModelFile,
    grid: &Grid,
    stretch: &Stretch,
    asking: AskingArgs,
) -> String {
    let modified = file.stamp().modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let identity = json!({
        "scene_bytes": file.stamp().bytes,
        "scene_modified_ms": modified.map(|time| time.as_millis() as u64),
        "backbone": model.backbone_sha256(),
        "head": model.head_sha256(),
        "views": asking.averages_views(),
        "grid": format!("{grid:?}"),
        "stretch": stretch,
    });
    identity.to_string()
}

impl Progress {
    /// Begins, or goes on with what is at `path`, where `resume` is set and there is something.
    ///
    /// # Errors
    ///
    /// Where the file has answers for this very map and `resume` is not set, or answers for another one and it is; where it
    /// cannot be read or written.
    pub fn open(path: &Path, identity: &str, resume: bool, grid: &Grid, classes: usize) -> Result<Self> {
        let windows = grid.windows();
        if !resume && begins_with(path, identity) {
            bail!(
                "{} has answers for this map already: go on with --resume, or remove it to begin anew",
                path.display()
            );
        }
        let damaged = || format!("{} is damaged: leave out --resume, and remove it", path.display());
        let unwritten = || format!("{} cannot be written", path.display());
        let mut answers: Vec<Option<(Answer, Vec<usize>)>> = vec![None; windows];
        let mut whole = 0;
        if resume && path.exists() {
            let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let mut lines = text.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
            if let Some(head) = lines.next() {
                if head.trim_ascii_end() != identity.as_bytes() {
                    bail!(
                        "{} is of another scene, model, cell or stretch: leave out --resume to begin anew",
                        path.display()
                    );
                }
                whole += head.len();
            }
            for line in lines {
                whole += line.len();
                // Each of the files that were joined begins so.
                if line.trim_ascii_end() == identity.as_bytes() {
                    continue;
                }
                if line.starts_with(IDENTITY_BEGINS) {
                    bail!(
                        "{} was joined of parts of different scenes, models, cells or stretches",
                        path.display()
                    );
                }
                let row: Written = serde_json::from_slice(line).with_context(damaged)?;
                let is_one = (row.scores.is_empty() || row.scores.len() == classes)
                    && row.empty.iter().all(|&cell| cell < grid.cells());
                let slot = answers.get_mut(row.window).filter(|_| is_one).with_context(damaged)?;
                let answer = if row.scores.is_empty() { Answer::NoData } else { Answer::Scores(row.scores) };
                *slot = Some((answer, row.empty));
            }
            let done = answers.iter().flatten().count();
            eprintln!("  {done} of {windows} cells are done already.");
        }
        make_folder_of(path)?;
        let options = File::options().write(true).create(true).truncate(whole == 0).open(path);
        let mut file = options.with_context(unwritten)?;
        // A last line that ends in its middle is written anew.
        file.set_len(whole as u64).with_context(unwritten)?;
        file.seek(SeekFrom::End(0)).with_context(unwritten)?;
        if whole == 0 {
            writeln!(file, "{identity}").with_context(unwritten)?;
        }
        Ok(Self { path: path.to_path_buf(), file, answers })
    }

    /// Whether a window is done.
    pub fn has(&self, window: usize) -> bool {
        self.answers[window].is_some()
    }

    /// Keeps rows. What could not be read is kept in memory alone, so that the next run tries it again.
    pub fn add(&mut self, rows: Vec<Row>) -> Result<()> {
        let mut lines = Vec::new();
        for Row { window, answer, empty } in rows {
            let scores = match &answer {
                Answer::Scores(scores) => Some(scores.clone()),
                Answer::NoData => Some(Vec::new()),
                Answer::Unreadable | Answer::LeftOut | Answer::Open => None,
            };
            if let Some(scores) = scores {
                serde_json::to_writer(&mut lines, &Written { window, scores, empty: empty.clone() })?;
                lines.push(b'\n');
            }
            self.answers[window] = Some((answer, empty));
        }
        self.file.write_all(&lines).with_context(|| {
            format!("{} cannot be written: make room, then go on with --resume", self.path.display())
        })
    }

    /// How many windows could not be read.
    pub fn unreadable(&self) -> usize {
        self.answers.iter().flatten().filter(|(answer, _)| matches!(answer, Answer::Unreadable)).count()
    }

    /// The answers, window by window.
    pub fn answers(&self) -> impl Iterator<Item = Option<(&Answer, &[usize])>> {
        self.answers.iter().map(|answer| answer.as_ref().map(|(answer, empty)| (answer, &empty[..])))
    }

    /// Removes the file: the map is written.
    pub fn remove(self) -> Result<()> {
        drop(self.file);
        fs::remove_file(&self.path).with_context(|| format!("{} cannot be removed", self.path.display()))
    }
}

/// Whether a file is there whose first line is that.
fn begins_with(path: &Path, identity: &str) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut head = String::new();
    BufReader::new(file).read_line(&mut head).is_ok() && head.trim_end() == identity
}
