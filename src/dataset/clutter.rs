//! What lies among tiles and is none: hidden files, what systems and GIS programs leave behind, texts and tables.

use std::collections::BTreeMap;
use std::fmt;

/// Why a file among tiles is no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clutter {
    /// Its name, or that of a folder above it, begins with a dot: `.DS_Store`, `._x.jpg`, `.ipynb_checkpoints/`.
    Hidden,
    /// An operating system or a file server keeps it: `Thumbs.db`, `@eaDir/`, `__MACOSX/`.
    System,
    /// It tells where a raster lies, or shows it smaller: world files, `.aux.xml`, `.ovr`.
    Sidecar,
    /// `labels.csv`, `README.txt`, `classes.json` and the like.
    Text,
}

/// Folders that systems make; a tile in them is a copy or a thumbnail of one elsewhere.
const SYSTEM_FOLDERS: [&str; 6] =
    ["@eadir", "__macosx", "#recycle", "$recycle.bin", "system volume information", "lost+found"];
const SYSTEM_FILES: [&str; 4] = ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"];
/// World files (three letters of the picture's extension with `w`, or `w` behind it) and what GDAL and Esri write.
const SIDECAR_EXTENSIONS: [&str; 20] = [
    "jgw", "jpgw", "jpegw", "pgw", "pngw", "tfw", "tifw", "tiffw", "bpw", "bmpw", "gfw", "gifw", "wld",
    "ovr", "aux", "rrd", "prj", "msk", "imd", "rpb",
];
const TEXT_EXTENSIONS: [&str; 20] = [
    "txt", "csv", "tsv", "json", "jsonl", "geojson", "xml", "yaml", "yml", "toml", "md", "rst", "html",
    "htm", "log", "ini", "py", "ipynb", "sha256", "md5",
];

/// Why the file at `path` is no tile, by its name alone; none where it may be one. A path that ends in `/` is a
/// folder's.
pub fn clutter_of(path: &str) -> Option<Clutter> {
    let is_folder = path.ends_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let file = if is_folder { None } else { parts.pop() };
    // The nearest reason is told: `.hidden/labels.csv` is hidden, `__MACOSX/._x.jpg` the system's.
    let folder = parts.iter().find_map(|folder| {
        let is_system = SYSTEM_FOLDERS.contains(&folder.to_lowercase().as_str());
        if is_system { Some(Clutter::System) } else { hidden(folder) }
    });
    folder.or_else(|| file.and_then(file_clutter))
}

fn file_clutter(name: &str) -> Option<Clutter> {
    let name = name.to_lowercase();
    if SYSTEM_FILES.contains(&name.as_str()) {
        return Some(Clutter::System);
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if SIDECAR_EXTENSIONS.contains(&extension) || name.ends_with(".aux.xml") {
        return hidden(&name).or(Some(Clutter::Sidecar));
    }
    hidden(&name).or(TEXT_EXTENSIONS.contains(&extension).then_some(Clutter::Text))
}

fn hidden(name: &str) -> Option<Clutter> {
    (name.starts_with('.') && name != "..").then_some(Clutter::Hidden)
}

/// How many files of each kind were skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    by_kind: BTreeMap<Clutter, (usize, String)>,
}

impl Skipped {
    /// Counts a path; the first of its kind serves as the example.
    pub fn add(&mut self, kind: Clutter, path: &str) {
        self.by_kind.entry(kind).or_insert_with(|| (0, path.to_owned())).0 += 1;
    }

    /// All of them.
    pub fn count(&self) -> usize {
        self.by_kind.values().map(|(count, _)| count).sum()
    }
}

/// One line: how many of which kind, with an example each.
impl fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let kinds = self.by_kind.iter().map(|(kind, (count, example))| {
            let kind = match kind {
                Clutter::Hidden => "hidden",
                Clutter::System => "of the system",
                Clutter::Sidecar => "beside rasters",
                Clutter::Text => "texts and tables",
            };
            format!("{count} {kind} (such as {example})")
        });
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        write!(
            formatter,
            "Skipped {} that {} no tile{}: {kinds}",
            self.count(),
            are(self.count()),
            s(self.count())
        )
    }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn s(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finder_explorer_servers_and_gis_programs_leave_behind_is_no_tile() {
        for (kind, paths) in [
            (
                Clutter::Hidden,
                &["forest/.DS_Store", "forest/._e009.jpg", ".ipynb_checkpoints/a-checkpoint.jpg", ".git/"][..],
            ),
            (
                Clutter::System,
                &["forest/Thumbs.db", "@eaDir/a.jpg", "x/@eaDir/", "__MACOSX/forest/._a.jpg", "desktop.ini"],
            ),
            (Clutter::Sidecar, &["forest/e009.jgw", "a.JPG.aux.xml", "a.tif.ovr", "a.tfw", "a.prj"]),
            (Clutter::Text, &["labels.csv", "README.dataset.txt", "_classes.csv", "a.xml", "x/a.JSON"]),
        ] {
            for path in paths {
                assert_eq!(clutter_of(path), Some(kind), "{path}");
            }
        }
        for tile in ["forest/a.jpg", "a.TIF", "./a.png", "a.xyz", "no extension", "forest/"] {
            assert_eq!(clutter_of(tile), None, "{tile}");
        }
    }

    #[test]
    fn skipped_files_take_one_line() {
        let mut skipped = Skipped::default();
        for (kind, path) in
            [(Clutter::Text, "labels.csv"), (Clutter::Hidden, "a/._x.jpg"), (Clutter::Hidden, "._y")]
        {
            skipped.add(kind, path);
        }
        let line = "Skipped 3 that are no tiles: 2 hidden (such as a/._x.jpg), 1 texts and tables (such as labels.csv)";
        assert_eq!(skipped.to_string(), line);
    }
}
