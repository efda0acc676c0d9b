//! The command line on folders as people have them: splits, years below classes, clutter, links, two spellings of one
//! name, copies. Its tiles are drawn here, so that no picture has to be kept.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use image::{ImageFormat, RgbImage};

const SIDE_PX: u32 = 48;

/// An empty folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dataset").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A picture that no other seed gives: blotches in the colours of its kind.
fn picture(kind: u8, seed: u32) -> RgbImage {
    RgbImage::from_fn(SIDE_PX, SIDE_PX, |x, y| {
        let cell =
            (x / 7).wrapping_mul(2_654_435_761) ^ (y / 6).wrapping_mul(40_503) ^ seed.wrapping_mul(97_531);
        let cell = (cell.wrapping_mul(0x9e37_79b9) >> 24) as u8;
        image::Rgb(if kind == 0 { [cell / 4, cell / 2 + 100, 40] } else { [30, cell / 4, cell / 2 + 110] })
    })
}

fn write(root: &Path, name: &str, picture: &RgbImage) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save_with_format(path, ImageFormat::Png).unwrap();
}

/// `count` pictures a kind, the first kind in `green`, the second in `blue`.
fn write_classes(root: &Path, [green, blue]: [&str; 2], seeds: std::ops::Range<u32>) {
    for seed in seeds {
        write(root, &format!("{green}/g{seed}.png"), &picture(0, seed));
        write(root, &format!("{blue}/b{seed}.png"), &picture(1, seed + 1000));
    }
}

fn tilelens(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tilelens"));
    command.current_dir(folder).args(arguments).env("RUST_BACKTRACE", "1");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    if arguments[0] != "info" && !arguments.contains(&"--model") {
        command.arg("--model").arg(models.join("overhead.safetensors"));
        if arguments[0] == "classify" {
            command.arg("--head").arg(models.join("overhead-scenes.safetensors"));
        }
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    tilelens(folder, arguments).output().unwrap()
}

fn train(folder: &Path, data: &str, more: &[&str]) -> (Output, Vec<String>) {
    let quick = [
        "train",
        data,
        "--output",
        "head.safetensors",
        "--no-baselines",
        "--epochs",
        "5",
        "--no-augmentation",
    ];
    let output = run(folder, &[&quick[..], more].concat());
    let labels = match output.status.success() {
        true => {
            let manifest = run(folder, &["info", "head.safetensors"]).stdout;
            let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
            manifest["labels"]
                .as_array()
                .unwrap()
                .iter()
                .map(|label| label.as_str().unwrap().to_owned())
                .collect()
        }
        false => Vec::new(),
    };
    (output, labels)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(String::from).collect()
}

#[test]
fn splits_are_used_and_are_no_classes() {
    let folder = folder("splits");
    write_classes(&folder, ["data/train/green", "data/train/blue"], 0..8);
    write_classes(&folder, ["data/Valid/green", "data/Valid/blue"], 10..13);
    write_classes(&folder, ["data/test/green", "data/test/blue"], 20..24);
    let (output, labels) = train(&folder, "data", &[]);
    assert_eq!(labels, ["blue", "green"], "{}", stderr(&output));
    assert!(stderr(&output).contains("`Valid` for validation (6 tiles)"), "{}", stderr(&output));
    assert!(lines(&output).iter().any(|line| line.ends_with(": 8 tiles")), "{:?}", lines(&output));
    let judged = run(&folder, &["evaluate", "data", "--model", "head.safetensors"]);
    assert!(stderr(&judged).contains("The 8 tiles of the test split judge"), "{}", stderr(&judged));
}

#[test]
fn years_below_classes_are_shown_and_either_folder_can_be_chosen() {
    let folder = folder("years");
    write_classes(&folder, ["data/green/2019", "data/blue/2019"], 0..5);
    write_classes(&folder, ["data/green/2020", "data/blue/2020"], 5..10);
    let (output, labels) = train(&folder, "data", &[]);
    assert_eq!(labels, ["blue", "green"], "{}", stderr(&output));
    assert!(
        stderr(&output).contains("By the last folder there would be 2: 2019, 2020."),
        "{}",
        stderr(&output)
    );
    let (_, labels) = train(&folder, "data", &["--class-from", "last"]);
    assert_eq!(labels, ["2019", "2020"]);
}

#[test]
fn clutter_is_skipped_in_one_line_and_makes_no_class() {
    let folder = folder("clutter");
    write_classes(&folder, ["data/green", "data/blue"], 0..6);
    for name in [
        "green/.DS_Store",
        "green/._g1.png",
        "blue/Thumbs.db",
        "blue/b1.pgw",
        "blue/b1.png.aux.xml",
        "labels.csv",
        "@eaDir/g1.png",
        "__MACOSX/green/._g1.png",
        ".ipynb_checkpoints/g1-checkpoint.png",
    ] {
        let path = folder.join("data").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"no tile").unwrap();
    }
    let output = run(&folder, &["classify", "data"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(lines(&output).len(), 1 + 12);
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    assert!(stderr(&output).starts_with("Skipped 9 that are no tiles: "), "{}", stderr(&output));
    let (output, labels) = train(&folder, "data", &[]);
    assert_eq!(labels, ["blue", "green"], "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_and_lost_ones_are_said() {
    use std::os::unix::fs::symlink;
    let folder = folder("links");
    write_classes(&folder, ["real/green", "real/blue"], 0..6);
    fs::create_dir(folder.join("data")).unwrap();
    symlink("../real/green", folder.join("data/green")).unwrap();
    fs::create_dir(folder.join("data/blue")).unwrap();
    for seed in 0..6 {
        symlink(format!("../../real/blue/b{seed}.png"), folder.join(format!("data/blue/b{seed}.png")))
            .unwrap();
    }
    let output = run(&folder, &["classify", "data"]);
    assert_eq!((output.status.code(), lines(&output).len()), (Some(0), 1 + 12), "{}", stderr(&output));
    let (output, labels) = train(&folder, "data", &[]);
    assert_eq!(labels, ["blue", "green"], "{}", stderr(&output));
    symlink("..", folder.join("data/blue/up")).unwrap();
    symlink("gone.png", folder.join("data/blue/lost.png")).unwrap();
    let output = run(&folder, &["classify", "data"]);
    assert_eq!((output.status.code(), lines(&output).len()), (Some(0), 1 + 12), "{}", stderr(&output));
    assert!(stderr(&output).contains("leads back to"), "{}", stderr(&output));
    assert!(stderr(&output).contains("is a link to a file that is gone"), "{}", stderr(&output));
}

#[test]
fn both_spellings_of_an_accent_are_one_class() {
    let folder = folder("spellings");
    write_classes(&folder, ["nfc/For\u{ea}t", "nfc/\u{c9}tang"], 0..6);
    write_classes(&folder, ["nfd/Fore\u{302}t", "nfd/E\u{301}tang"], 0..6);
    let (output, labels) = train(&folder, "nfc", &[]);
    assert_eq!(labels, ["For\u{ea}t", "\u{c9}tang"], "{}", stderr(&output));
    let judged = run(&folder, &["evaluate", "nfd", "--model", "head.safetensors"]);
    assert_eq!(judged.status.code(), Some(0), "{}", stderr(&judged));
}

#[test]
fn copies_stay_on_one_side_and_a_picture_under_two_labels_is_named() {
    let folder = folder("copies");
    write_classes(&folder, ["data/green", "data/blue"], 0..6);
    for seed in 0..6 {
        let (green, blue) = (picture(0, seed), picture(1, seed + 1000));
        write(&folder, &format!("data/green/g{seed} (1).png"), &green);
        write(&folder, &format!("data/blue/turned {seed}.png"), &image::imageops::rotate90(&blue));
        let path = folder.join(format!("data/green/g{seed}.bmp"));
        image::imageops::flip_horizontal(&green).save_with_format(path, ImageFormat::Bmp).unwrap();
    }
    write(&folder, "data/blue/from green.png", &picture(0, 3));
    let (output, _) = train(&folder, "data", &["--validation-fraction", "0.34"]);
    let said = stderr(&output);
    assert!(said.contains("19 of 31 tiles are copies of others (7 to the pixel, 12 "), "{said}");
    assert!(said.contains("One picture has several labels: ") && said.contains("from green.png"), "{said}");
    // A third of six pictures a class, each once.
    assert!(lines(&output).iter().any(|line| line.ends_with(": 4 tiles")), "{:?}", lines(&output));

    // A copy in the training folder of a tile that judges is left out of training.
    write_classes(&folder, ["split/train/green", "split/train/blue"], 0..6);
    write_classes(&folder, ["split/test/green", "split/test/blue"], 5..8);
    let (output, _) = train(&folder, "split", &[]);
    assert!(
        stderr(&output).contains("2 of them are left out, because a copy of each judges"),
        "{}",
        stderr(&output)
    );
    assert!(lines(&output).iter().any(|line| line.ends_with(": 6 tiles")), "{:?}", lines(&output));
}

#[test]
fn small_and_empty_classes_are_named() {
    let folder = folder("small");
    write_classes(&folder, ["data/green", "data/blue"], 0..6);
    write(&folder, "data/single/1.png", &picture(0, 77));
    fs::create_dir(folder.join("data/empty")).unwrap();
    let (output, labels) = train(&folder, "data", &[]);
    assert_eq!(labels, ["blue", "green", "single"], "{}", stderr(&output));
    assert!(stderr(&output).contains("The class `single` has one tile"), "{}", stderr(&output));
    assert!(stderr(&output).contains("The folder `empty` holds no tiles"), "{}", stderr(&output));
}

#[test]
fn every_number_of_threads_gives_the_same_rows_in_the_same_order() {
    let folder = folder("threads");
    write_classes(&folder, ["data/green", "data/blue"], 0..80);
    fs::write(folder.join("data/blue/broken.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    let outputs = ["1", "2", "5"].map(|threads| run(&folder, &["classify", "data", "--threads", threads]));
    assert_eq!(outputs[0].status.code(), Some(3), "{}", stderr(&outputs[0]));
    assert_eq!(lines(&outputs[0]).len(), 1 + 161);
    assert_eq!(stderr(&outputs[0]).lines().count(), 1, "{}", stderr(&outputs[0]));
    for output in &outputs[1..] {
        assert!(output.stdout == outputs[0].stdout);
    }
}

#[test]
fn a_run_that_was_cut_off_goes_on_to_the_same_file() {
    let folder = folder("resume");
    write_classes(&folder, ["data/green", "data/blue"], 0..8);
    for format in ["csv", "json"] {
        let arguments = ["classify", "data", "--format", format, "--output", "rows"];
        assert_eq!(run(&folder, &arguments).status.code(), Some(0));
        let whole = fs::read(folder.join("rows")).unwrap();
        let cut = whole.len() / 2;
        fs::write(folder.join("rows"), &whole[..cut]).unwrap();
        let output = run(&folder, &[&arguments[..], &["--resume"]].concat());
        assert!(stderr(&output).contains("of 16 files have a row already"), "{}", stderr(&output));
        assert!(fs::read(folder.join("rows")).unwrap() == whole, "{format}");
    }
}

#[test]
fn files_patterns_and_a_list_are_taken_and_what_is_not_there_is_said_in_one_line() {
    let folder = folder("inputs");
    write_classes(&folder, ["green", "blue"], 0..3);
    let output = run(&folder, &["classify", "green", "blue/b1.png", "blue/b[02].*"]);
    assert_eq!(lines(&output).len(), 1 + 6, "{}", stderr(&output));
    let mut listed = tilelens(&folder, &["classify", "-"]);
    let mut listed = listed.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    listed.stdin.take().unwrap().write_all(b"blue/b2.png\r\n\ngreen/g0.png\n").unwrap();
    let rows = lines(&listed.wait_with_output().unwrap());
    assert!(rows[1].starts_with("blue/b2.png,") && rows[2].starts_with("green/g0.png,"), "{rows:?}");
    for (arguments, status) in [
        (&["classify", "nowhere"][..], 1),
        (&["classify", "green", "--model", "green/g0.png"], 1),
        (&["evaluate", "nowhere"], 1),
        (&["train", "green", "--output", "x.safetensors"], 1),
        (&["classify"], 2),
    ] {
        let output = run(&folder, arguments);
        assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
        let said = stderr(&output);
        let is_sentence = said.lines().last().unwrap().starts_with("error: ") && said.lines().count() <= 2;
        assert!(!said.contains("backtrace") && (status == 2 || is_sentence), "{arguments:?}: {said}");
    }
}
