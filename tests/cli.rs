//! The command line as a user runs it: each command on a few small tiles, and what it says where something is wrong.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;
use tilelens::tile::decode;

const BACKBONE: &str = "models/overhead.safetensors";
const HEAD: &str = "models/overhead-scenes.safetensors";
/// Of the head that answers where none is named.
const LABELS: [&str; 30] = [
    "Airport",
    "Bare land",
    "Baseball field",
    "Beach",
    "Bridge",
    "Center",
    "Church",
    "Commercial",
    "Dense residential",
    "Desert",
    "Farmland",
    "Forest",
    "Industrial",
    "Meadow",
    "Medium residential",
    "Mountain",
    "Park",
    "Parking",
    "Playground",
    "Pond",
    "Port",
    "Railway station",
    "Resort",
    "River",
    "School",
    "Sparse residential",
    "Square",
    "Stadium",
    "Storage tanks",
    "Viaduct",
];
const TILE_PX: u32 = 64;
/// Tiles of each class to train with.
const TILES: u32 = 10;

/// Runs the command line in the repository's folder.
fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tilelens"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("the command line can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it speaks UTF-8")
}

/// What a command that succeeds prints.
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// What a command that fails says: its error, and the reasons.
fn refusal(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = text(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeds");
    assert!(said.to_lowercase().starts_with("error: ") && !said.contains("panicked"), "{said}");
    said
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// A grey square with noise, green or blue.
fn draw(file: &Path, green: bool, seed: u32) {
    let picture = RgbImage::from_fn(TILE_PX, TILE_PX, |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ seed.wrapping_mul(97)) % 40;
        let level = 60 + noise as u8;
        if green { Rgb([level, level + 90, level]) } else { Rgb([level, level, level + 90]) }
    });
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    picture.save(file).unwrap();
}

/// Two classes that any head can tell apart.
fn green_and_blue() -> TempDir {
    let folder = TempDir::new().unwrap();
    for seed in 0..TILES {
        draw(&folder.path().join(format!("green/{seed}.png")), true, seed);
        draw(&folder.path().join(format!("blue/{seed}.png")), false, seed + TILES);
    }
    folder
}

/// Two tiles that the shipped model knows the classes of.
fn forest_and_parking() -> TempDir {
    let folder = TempDir::new().unwrap();
    for class in ["forest", "parking"] {
        fs::create_dir(folder.path().join(class)).unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("www/samples/synthetic-{class}.jpg"));
        fs::copy(sample, folder.path().join(class).join("tile.jpg")).unwrap();
    }
    folder
}

/// Trains a head in a few epochs, and gives the model file.
fn trained(data: &TempDir, output: &Path, options: &[&str]) -> PathBuf {
    let common = ["train", path(data.path()), "--output", path(output), "--epochs", "4", "--no-augmentation"];
    printed(&[&common, options].concat());
    output.to_path_buf()
}

#[test]
fn classify_writes_a_row_for_each_file_and_says_which_cannot_be_read() {
    let tiles = forest_and_parking();
    fs::write(tiles.path().join("broken.png"), b"\x89PNG\r\n\x1a\nand no more").unwrap();
    let output = run(&["classify", path(tiles.path())]);
    assert!(!output.status.success(), "a file without a class is told by the exit status");
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let header = reader.headers().unwrap().clone();
    let expected = ["file", "class", "confidence"].iter().chain(&LABELS);
    let expected = expected.chain(&["no_data_share", "notes", "error"]);
    assert_eq!(header.iter().collect::<Vec<_>>(), expected.copied().collect::<Vec<_>>());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    for row in rows {
        if row[0].ends_with("broken.png") {
            assert_eq!(&row[1], "");
            assert!(row[row.len() - 1].contains("PNG"), "{row:?}");
            continue;
        }
        let probabilities: Vec<f32> =
            (3..3 + LABELS.len()).map(|column| row[column].parse().unwrap()).collect();
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-3, "{row:?}");
        let class = LABELS.iter().position(|label| *label == &row[1]).unwrap();
        assert!(probabilities.iter().all(|&other| other <= probabilities[class]), "{row:?}");
        assert_eq!(row[2].parse::<f32>().unwrap(), probabilities[class]);
    }
}

#[test]
fn what_was_guessed_of_pixels_stands_beside_their_class() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/raster/black-edge.tif");
    let row: Value = serde_json::from_str(&printed(&["classify", path(&file), "--format", "json"])).unwrap();
    let share = row["no_data_share"].as_f64().unwrap();
    assert!(share > 0.0 && share < 1.0, "{row}");
    assert!(
        row["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("no data")),
        "{row}"
    );
    let table = printed(&["classify", path(&file)]);
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let record = reader.records().next().unwrap().unwrap();
    let [share_column, notes, error] = [3, 2, 1].map(|from_end| &record[record.len() - from_end]);
    assert!(
        (share_column.parse::<f64>().unwrap() - share).abs() < 1e-6
            && notes.contains("no data")
            && error.is_empty()
    );
}

#[test]
fn classify_draws_where_each_class_was_seen_in_folders_as_those_of_the_tiles() {
    let (tiles, drawn) = (forest_and_parking(), TempDir::new().unwrap());
    fs::write(tiles.path().join("broken.png"), b"\x89PNG\r\n\x1a\nand no more").unwrap();
    let wide = RgbImage::from_fn(1500, 300, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 128]));
    wide.save(tiles.path().join("forest/tile.png")).unwrap();
    let plain = run(&["classify", path(tiles.path())]);
    let output = run(&["classify", path(tiles.path()), "--heatmap", path(drawn.path())]);
    assert_eq!(
        (output.status.code(), &output.stdout),
        (plain.status.code(), &plain.stdout),
        "rows are the same"
    );
    assert!(!drawn.path().join("broken.png.png").exists());
    for class in ["forest", "parking"] {
        let tile = decode(&fs::read(tiles.path().join(class).join("tile.jpg")).unwrap()).unwrap();
        let picture = image::open(drawn.path().join(class).join("tile.jpg.png")).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (tile.width_px, tile.height_px));
        let differs = picture.pixels().zip(tile.rgb.as_chunks::<3>().0).filter(|(a, b)| a.0 != **b).count();
        assert!(differs * 3 * 10 > tile.rgb.len() * 9, "{class}: {differs} pixels are coloured");
    }
    // Two tiles of one name have two pictures; at the sides the model sees nothing.
    let picture = image::open(drawn.path().join("forest/tile.png.png")).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (1024, 204));
    let is_untouched = |x: u32| (0..204).all(|y| picture.get_pixel(x, y)[2] == 128);
    assert!(is_untouched(5) && is_untouched(1018) && !is_untouched(512));

    let inside = tiles.path().join("heat");
    let said = refusal(&["classify", path(tiles.path()), "--heatmap", path(&inside)]);
    assert!(said.contains("name another folder") && !inside.exists(), "{said}");
}

#[test]
fn classify_prints_json_that_says_the_same() {
    let tiles = forest_and_parking();
    let said = printed(&["classify", path(tiles.path()), "--format", "json"]);
    let rows: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let class = LABELS.iter().position(|label| row["class"] == *label).unwrap();
        assert_eq!(row["probabilities"].as_array().unwrap().len(), LABELS.len());
        assert_eq!(row["confidence"], row["probabilities"][class]);
    }
}

#[test]
fn the_mean_over_views_does_not_care_how_a_tile_is_turned() {
    // As large as the network's input: scaling rounds rows and columns one after the other, and not alike once exchanged.
    const SIDE_PX: u32 = 224;
    let folder = TempDir::new().unwrap();
    let tile = RgbImage::from_fn(SIDE_PX, SIDE_PX, |x, y| {
        Rgb([x as u8, y as u8, if x + 2 * y > SIDE_PX { 200 } else { 30 }])
    });
    tile.save(folder.path().join("a.png")).unwrap();
    let turned = image::imageops::flip_horizontal(&image::imageops::rotate90(&tile));
    turned.save(folder.path().join("b.png")).unwrap();
    let confidences = |options: &[&str]| -> Vec<f64> {
        let said = printed(&[&["classify", path(folder.path()), "--format", "json"], options].concat());
        let rows = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| row["confidence"].as_f64().unwrap()).collect()
    };
    let [as_it_stands, turned] = confidences(&["--view-average"])[..] else {
        panic!("two tiles have two rows")
    };
    assert!((as_it_stands - turned).abs() < 1e-4, "{as_it_stands} and {turned}");
    let [as_it_stands, turned] = confidences(&[])[..] else { panic!("two tiles have two rows") };
    assert!((as_it_stands - turned).abs() > 1e-2, "the views of this tile are too much alike to tell");
}

#[test]
fn evaluate_judges_labelled_tiles_and_keeps_figures_and_a_picture() {
    let (tiles, folder) = (forest_and_parking(), TempDir::new().unwrap());
    let [json, svg] = ["figures.json", "confusion.svg"].map(|name| folder.path().join(name));
    let said = printed(&["evaluate", path(tiles.path()), "--json", path(&json), "--svg", path(&svg)]);
    assert!(said.contains("accuracy"), "{said}");
    let figures: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(figures["tiles"], 2);
    assert_eq!(figures["labels"], serde_json::json!(LABELS));
    let confusion = figures["confusion"].as_array().unwrap();
    let counted: u64 =
        confusion.iter().flat_map(|row| row.as_array().unwrap()).map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(counted, 2);
    let right: u64 = (0..LABELS.len()).map(|class| confusion[class][class].as_u64().unwrap()).sum();
    assert_eq!(figures["right"], right);
    assert!(fs::read_to_string(svg).unwrap().contains("<svg"));
}

#[test]
fn train_writes_a_model_of_the_folders_classes_that_knows_them() {
    let (data, folder) = (green_and_blue(), TempDir::new().unwrap());
    let json = folder.path().join("figures.json");
    let options = ["--name", "Colours", "--no-baselines", "--json", path(&json)];
    let model = trained(&data, &folder.path().join("mine.safetensors"), &options);
    let manifest: Value = serde_json::from_str(&printed(&["info", path(&model)])).unwrap();
    assert_eq!(manifest["name"], "Colours");
    assert_eq!(manifest["labels"], serde_json::json!(["blue", "green"]));
    assert!(fs::read(json).unwrap().len() > 2);
    let head = folder.path().join("head.safetensors");
    printed(&["split", path(&model), "--head", path(&head)]);
    let of_head: Value = serde_json::from_str(&printed(&["info", path(&head)])).unwrap();
    assert_eq!(of_head["backbone"]["name"], "Overhead imagery");

    let said = printed(&["classify", path(data.path()), "--model", path(&model), "--format", "json"]);
    for line in said.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let file = row["file"].as_str().unwrap();
        assert!(file.contains(row["class"].as_str().unwrap()), "{file} is called {}", row["class"]);
    }
}

#[test]
fn few_shot_compares_a_head_with_those_that_know_nothing() {
    let (data, folder) = (green_and_blue(), TempDir::new().unwrap());
    let json = folder.path().join("figures.json");
    let few =
        ["few-shot", path(data.path()), "--shots", "2", "--draws", "2", "--epochs", "4", "--no-augmentation"];
    printed(&[&few[..], &["--baselines", "--json", path(&json)]].concat());
    let rows: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!(row["shots"], 2);
        assert!((0.0..=1.0).contains(&row["mean"].as_f64().unwrap()), "{row}");
        assert_eq!(row["accuracies"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn export_writes_what_other_runtimes_read_and_what_this_one_reads() {
    let folder = TempDir::new().unwrap();
    let [onnx, safetensors] = ["mine.onnx", "mine.safetensors"].map(|name| folder.path().join(name));
    printed(&["export", BACKBONE, "--head", HEAD, "--output", path(&onnx)]);
    let bytes = fs::read(&onnx).unwrap();
    // It names the operators of its graph.
    assert!(bytes.windows(4).any(|word| word == b"Conv") && bytes.len() > 1_000_000);
    printed(&["export", BACKBONE, "--output", path(&safetensors)]);
    let [exported, shipped] = [path(&safetensors), BACKBONE].map(|model| printed(&["info", model]));
    assert_eq!(exported, shipped);
}

#[test]
fn import_makes_a_model_of_a_checkpoint_with_its_labels() {
    let folder = TempDir::new().unwrap();
    let [checkpoint, labels, model] =
        ["checkpoint.pth", "labels.txt", "mine.safetensors"].map(|name| folder.path().join(name));
    let packed =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity/classifier.pth.gz"))
            .unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
    fs::write(&checkpoint, bytes).unwrap();
    let names: Vec<String> = (0..1000).map(|class| format!("Class {class}")).collect();
    fs::write(&labels, names.join("\n")).unwrap();
    printed(&["import", path(&checkpoint), "--labels", path(&labels), "--output", path(&model)]);
    let manifest: Value = serde_json::from_str(&printed(&["info", path(&model)])).unwrap();
    assert_eq!(manifest["labels"].as_array().unwrap().len(), 1000);
    assert_eq!(manifest["labels"][999], "Class 999");
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence_that_names_it() {
    let (data, folder) = (green_and_blue(), TempDir::new().unwrap());
    let output = path(&folder.path().join("mine.safetensors")).to_owned();
    let empty = TempDir::new().unwrap();
    let not_a_model = folder.path().join("not-a-model.safetensors");
    fs::write(&not_a_model, "text").unwrap();
    let green = data.path().join("green");
    fs::create_dir(folder.path().join("one")).unwrap();
    fs::rename(&green, folder.path().join("one/green")).unwrap();
    let one = folder.path().join("one");

    let cases: [(&[&str], &str); 7] = [
        (&["evaluate", path(&one)], "green"),
        (&["train", path(&one), "--output", &output], "two classes"),
        (&["train", path(empty.path()), "--output", &output], "no tiles"),
        (&["export", BACKBONE, "--output", "mine.pth"], "mine.pth"),
        (&["few-shot", path(&one), "--classes", "green,red"], "red"),
        (&["info", path(&not_a_model)], "not-a-model.safetensors"),
        (&["info", "nowhere.safetensors"], "nowhere.safetensors"),
    ];
    for (arguments, named) in cases {
        let said = refusal(arguments);
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
    assert!(!Path::new(&output).exists(), "nothing is written");
}
