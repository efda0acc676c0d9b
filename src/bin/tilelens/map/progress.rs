//! The windows that are done, kept in a file beside the map until it is written: what a run that was cut off has
//! computed is not computed again.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
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

/// What each window says, with the cells of the map that hold no data.
type Answers = Vec<Option<(Answer, Vec<usize>)>>;

/// The answers so far, in memory and in the file.
pub struct Progress {
    path: PathBuf,
    file: File,
    answers: Answers,
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
    /// Begins, or goes on with what is at `path`, where `resume` is set and there is something. No other run may have the
    /// file meanwhile.
    ///
    /// # Errors
    ///
    /// Where the file has answers of another map, or of this very one and `resume` is not set; where another run has it;
    /// where it cannot be read or written.
    pub fn open(path: &Path, identity: &str, resume: bool, grid: &Grid, classes: usize) -> Result<Self> {
        let unwritten = || format!("{} cannot be written", path.display());
        make_folder_of(path)?;
        let options = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.with_context(unwritten)?;
        // Some network disks have no locks.
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            bail!("{} is in use by another run: wait for it, or name another --output", path.display());
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).with_context(|| format!("{} cannot be read", path.display()))?;
        let (whole, answers) = match begun(&text, identity) {
            Begun::Nothing => (0, vec![None; grid.windows()]),
            Begun::Same if !resume => bail!(
                "{} has answers for this map already: go on with --resume, or remove it to begin anew",
                path.display()
            ),
            Begun::Same => {
                let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
                let answers = answers_of(&text[..whole], identity, grid, classes);
                (whole, answers.with_context(|| path.display().to_string())?)
            }
            Begun::Another => bail!(
                "{} is of another scene, model, cell or stretch: remove it to begin anew",
                path.display()
            ),
        };
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

/// What stands in a file already.
enum Begun {
    /// No answers that could be lost: not a line behind an identity, which may have been cut off itself.
    Nothing,
    /// Answers of this identity.
    Same,
    /// Answers of another one, or what somebody else has written.
    Another,
}

fn begun(text: &[u8], identity: &str) -> Begun {
    match text.iter().position(|&byte| byte == b'\n').map(|end| text.split_at(end)) {
        None if identity.as_bytes().starts_with(text) => Begun::Nothing,
        Some((head, b"\n")) if head.starts_with(IDENTITY_BEGINS) => Begun::Nothing,
        Some((head, _)) if head == identity.as_bytes() => Begun::Same,
        _ => Begun::Another,
    }
}

/// The answers of whole lines, window by window.
fn answers_of(text: &[u8], identity: &str, grid: &Grid, classes: usize) -> Result<Answers> {
    const DAMAGED: &str = "it is damaged: remove it to begin anew";
    let mut answers: Answers = vec![None; grid.windows()];
    for line in text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end) {
        // Each of the files that were joined begins so.
        if line == identity.as_bytes() {
            continue;
        }
        if line.starts_with(IDENTITY_BEGINS) {
            bail!(
                "it was joined of parts of different scenes or settings: classify all parts with the same options, of one \
                 scene or of copies with the same time stamp"
            );
        }
        let row: Written = serde_json::from_slice(line).context(DAMAGED)?;
        let is_one = (row.scores.is_empty() || row.scores.len() == classes)
            && row.empty.iter().all(|&cell| cell < grid.cells());
        let slot = answers.get_mut(row.window).filter(|_| is_one).context(DAMAGED)?;
        let answer = if row.scores.is_empty() { Answer::NoData } else { Answer::Scores(row.scores) };
        *slot = Some((answer, row.empty));
    }
    eprintln!("  {} of {} cells are done already.", answers.iter().flatten().count(), answers.len());
    Ok(answers)
}
