//! The rows that `classify` writes, and those that a run before it has written.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tilelens::tile::{Note, Tile};
use tilelens::training::metrics::argmax;

/// How rows are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line a tile: file, class, confidence, a column a class, the share without data, notes, error.
    Csv,
    /// One JSON object a line.
    Json,
}

/// One line of the JSON output.
#[derive(Serialize)]
struct Row<'a> {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probabilities: Vec<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_data_share: Option<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What is read again of a row.
#[derive(Deserialize)]
struct Written {
    file: String,
    #[serde(default)]
    probabilities: Vec<f32>,
    error: Option<String>,
}

/// The rows of a run that was cut off.
#[derive(Default)]
pub struct Earlier {
    /// The files that have one.
    pub files: HashSet<String>,
    /// Those whose row is an error.
    pub failed: usize,
    /// Bytes of the file that are whole rows, the header among them.
    whole: usize,
}

impl Earlier {
    /// Reads the rows at `path`; none where there is no such file. A last row that ends in its middle is not counted.
    pub fn read(path: &Path, format: Format, labels: &[String]) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let earlier = match format {
            Format::Csv => Self::of_csv(&bytes, labels),
            Format::Json => Self::of_json(&bytes, labels),
        };
        earlier.with_context(|| format!("{} cannot be gone on with", path.display()))
    }

    fn of_csv(bytes: &[u8], labels: &[String]) -> Result<Self> {
        let mut earlier = Self::default();
        let columns = columns(labels);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).unwrap_or(false) {
            let end = reader.position().byte() as usize;
            let ends = bytes[..end].ends_with(b"\n");
            if earlier.whole == 0 && ends && record.iter().ne(columns.iter().copied()) {
                bail!(
                    "its columns are not those of this model: another model wrote them, or another version of Tilelens. Name another --output"
                );
            }
            let is_whole = record.len() == columns.len() && ends;
            if !is_whole {
                // Nothing but the end may be broken.
                if end < bytes.len() {
                    bail!("row {} is none of this command's", reader.position().line());
                }
                break;
            }
            if earlier.whole > 0 {
                earlier.files.insert(record[0].to_owned());
                earlier.failed += usize::from(!record[columns.len() - 1].is_empty());
            }
            earlier.whole = end;
        }
        Ok(earlier)
    }

    fn of_json(bytes: &[u8], labels: &[String]) -> Result<Self> {
        let mut earlier = Self::default();
        for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            if !line.ends_with(b"\n") {
                break;
            }
            let row: Written = serde_json::from_slice(line)
                .with_context(|| format!("row {} is none of this command's", index + 1))?;
            if !row.probabilities.is_empty() && row.probabilities.len() != labels.len() {
                bail!(
                    "its classes are not those of this model: another model wrote them. Name another --output"
                );
            }
            earlier.failed += usize::from(row.error.is_some());
            earlier.files.insert(row.file);
            earlier.whole += line.len();
        }
        Ok(earlier)
    }
}

fn columns(labels: &[String]) -> Vec<&str> {
    let columns = ["file", "class", "confidence"].into_iter();
    columns.chain(labels.iter().map(String::as_str)).chain(["no_data_share", "notes", "error"]).collect()
}

/// What is to be known of a tile's pixels beside its class.
#[derive(Default)]
pub struct TileFacts {
    no_data_share: Option<f32>,
    notes: Vec<String>,
}

impl TileFacts {
    pub fn of(tile: &Tile) -> Self {
        let notes = tile.notes.iter().map(Note::sentence);
        Self { no_data_share: Some(tile.no_data_share()), notes: notes.map(Cow::into_owned).collect() }
    }
}

/// Writes a row a tile as it comes, and counts those that failed.
pub struct Rows<'a> {
    labels: &'a [String],
    output: Output,
    pub failed: usize,
}

enum Output {
    Csv(Box<csv::Writer<Box<dyn Write>>>),
    Json(Box<dyn Write>),
}

impl<'a> Rows<'a> {
    /// Rows to `path`, behind those of `earlier`; to standard output where there is no path.
    pub fn new(path: Option<&Path>, format: Format, labels: &'a [String], earlier: &Earlier) -> Result<Self> {
        let target: Box<dyn Write> = match path {
            None => Box::new(io::stdout().lock()),
            Some(path) => {
                let unwritten = || format!("{} cannot be written", path.display());
                let mut options = File::options();
                options.write(true).create(true).truncate(earlier.whole == 0);
                let mut file = options.open(path).with_context(unwritten)?;
                file.set_len(earlier.whole as u64).with_context(unwritten)?;
                io::Seek::seek(&mut file, io::SeekFrom::End(0)).with_context(unwritten)?;
                Box::new(file)
            }
        };
        let output = match format {
            Format::Json => Output::Json(target),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(target);
                if earlier.whole == 0 {
                    writer.write_record(columns(labels))?;
                }
                Output::Csv(Box::new(writer))
            }
        };
        Ok(Self { labels, output, failed: earlier.failed })
    }

    /// Writes the row of a file, through to the disk's own buffer: a run that is cut off loses none that it wrote.
    pub fn write(&mut self, path: &Path, read: TileFacts, answer: Result<Vec<f32>>) -> Result<()> {
        let (probabilities, error) = match answer {
            Ok(probabilities) => (probabilities, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        self.failed += usize::from(error.is_some());
        let top = (!probabilities.is_empty()).then(|| argmax(&probabilities));
        let row = Row {
            file: path.display().to_string(),
            class: top.map(|index| self.labels[index].as_str()),
            confidence: top.map(|index| probabilities[index]),
            probabilities,
            no_data_share: read.no_data_share,
            notes: read.notes,
            error,
        };
        match &mut self.output {
            Output::Json(target) => {
                let line = serde_json::to_string(&row)? + "\n";
                target.write_all(line.as_bytes())?;
                target.flush()?;
            }
            Output::Csv(writer) => {
                let number = |value: Option<f32>| value.map_or_else(String::new, |value| value.to_string());
                let mut record = vec![row.file, row.class.unwrap_or_default().into(), number(row.confidence)];
                let probability = |index| number(row.probabilities.get(index).copied());
                record.extend((0..self.labels.len()).map(probability));
                record.extend([
                    number(row.no_data_share),
                    row.notes.join(" "),
                    row.error.unwrap_or_default(),
                ]);
                writer.write_record(record)?;
                writer.flush()?;
            }
        }
        Ok(())
    }

    /// Writes what is still held: the header, where there was no row.
    pub fn finish(&mut self) -> Result<()> {
        match &mut self.output {
            Output::Json(target) => Ok(target.flush()?),
            Output::Csv(writer) => Ok(writer.flush()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["sea", "a, b"].map(String::from).to_vec()
    }

    /// Two rows, the second an error, as they are written; cut to `length`.
    fn read(format: Format, length: impl Fn(usize) -> usize) -> Result<(Earlier, usize)> {
        let name = format!("tilelens-rows-{}-{}", std::process::id(), format as u8);
        let path = std::env::temp_dir().join(name + &format!("{:?}", std::thread::current().id()));
        let labels = labels();
        let mut rows = Rows::new(Some(&path), format, &labels, &Earlier::default())?;
        rows.write(Path::new("a \"1\".jpg"), TileFacts::default(), Ok(vec![0.25, 0.75]))?;
        rows.write(
            Path::new("b\n2.jpg"),
            TileFacts::default(),
            Err(anyhow::anyhow!("image.empty: it is empty")),
        )?;
        rows.finish()?;
        let bytes = fs::read(&path)?;
        fs::write(&path, &bytes[..length(bytes.len())])?;
        let earlier = Earlier::read(&path, format, &labels);
        fs::remove_file(&path)?;
        Ok((earlier?, bytes.len()))
    }

    #[test]
    fn a_run_goes_on_behind_the_last_whole_row_wherever_it_was_cut() {
        for format in [Format::Csv, Format::Json] {
            let (all, length) = read(format, |length| length).unwrap();
            assert_eq!((all.files.len(), all.failed, all.whole), (2, 1, length));
            for cut in 0..length {
                let (earlier, _) = read(format, |_| cut).unwrap();
                assert!(earlier.whole <= cut && earlier.files.len() < 2, "cut at {cut}");
                assert_eq!(earlier.files.contains("a \"1\".jpg"), earlier.files.len() == 1);
            }
        }
    }

    #[test]
    fn rows_of_another_model_are_not_gone_on_with() {
        let others = ["sea".to_owned()];
        let csv = "file,class,confidence,sea,land,no_data_share,notes,error\n";
        assert!(Earlier::of_csv(csv.as_bytes(), &["sea", "land"].map(String::from)).is_ok());
        assert!(Earlier::of_csv(csv.as_bytes(), &others).is_err());
        let json = "{\"file\":\"a\",\"probabilities\":[0.5,0.5]}\n";
        assert!(Earlier::of_json(json.as_bytes(), &others).is_err());
        assert!(Earlier::of_json(b"{\"x\":1}\n", &others).is_err());
    }
}
