//! Lists of labels as people have them: lines, numbered lines, JSON, in any Unicode.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

/// The labels of a list, in the order of the logits.
///
/// Read are: a label a line; `0 label`, `0: label` or `0,label` a line; a JSON list; a JSON object from labels to indices
/// (`class_to_idx`) or from indices to labels (`id2label`), also inside another object. UTF-8 and UTF-16, with a byte
/// order mark or without.
///
/// # Errors
///
/// A sentence where the list is none of these, skips an index, or names a label twice.
pub fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
    let text = decode(bytes)?;
    let trimmed = text.trim();
    let labels = if trimmed.starts_with(['{', '[']) {
        let json: Value =
            serde_json::from_str(trimmed).map_err(|error| format!("it is no JSON ({error})"))?;
        of_json(&json)?
    } else {
        let lines = trimmed.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
        match numbered(&lines) {
            Some(labels) => labels,
            None => lines.into_iter().map(String::from).collect(),
        }
    };
    let mut seen = HashSet::new();
    match labels.iter().find(|label| !seen.insert(*label)) {
        Some(twice) => Err(format!("it names the label `{twice}` twice")),
        None => Ok(labels),
    }
}

fn decode(bytes: &[u8]) -> Result<String, String> {
    let units = |of: fn([u8; 2]) -> u16, bytes: &[u8]| {
        String::from_utf16(&bytes.as_chunks().0.iter().map(|&pair| of(pair)).collect::<Vec<_>>())
            .map_err(|_| "it is no UTF-16".to_owned())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => units(u16::from_be_bytes, rest),
        // Text in Latin letters without a mark: every other byte is zero.
        [_, 0, _, 0, ..] => units(u16::from_le_bytes, bytes),
        [0, _, 0, _, ..] => units(u16::from_be_bytes, bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text =
                std::str::from_utf8(bytes).map_err(|_| "it is neither UTF-8 nor UTF-16: save it as UTF-8")?;
            Ok(text.to_owned())
        }
    }
}

/// Labels of lines that all begin with their number: 0, 1, 2 …, or 1, 2, 3 ….
fn numbered(lines: &[&str]) -> Option<Vec<String>> {
    let mut labels = BTreeMap::new();
    for line in lines {
        let digits = line.find(|c: char| !c.is_ascii_digit()).filter(|&end| end > 0)?;
        let index: usize = line[..digits].parse().ok()?;
        let rest = &line[digits..];
        let label = rest.trim_start_matches([' ', '\t', ':', ',', ';', '=']).trim();
        if label.is_empty() || label.len() == rest.len() || labels.insert(index, label.to_owned()).is_some() {
            return None;
        }
    }
    in_order(labels)
}

/// The values, where the keys are whole from 0 or 1 on.
fn in_order(labels: BTreeMap<usize, String>) -> Option<Vec<String>> {
    let first = *labels.keys().next()?;
    let is_whole = first <= 1 && labels.keys().copied().eq(first..first + labels.len());
    is_whole.then(|| labels.into_values().collect())
}

fn of_json(json: &Value) -> Result<Vec<String>, String> {
    match json {
        Value::Array(items) => {
            let label = |item: &Value| {
                item.as_str().map(String::from).ok_or("its JSON list holds other things than labels")
            };
            Ok(items.iter().map(label).collect::<Result<_, _>>()?)
        }
        Value::Object(entries) => {
            // A configuration with the labels inside.
            for key in ["id2label", "class_to_idx", "label2id", "labels", "classes", "label_names"] {
                if let Some(inner) = entries.get(key).filter(|inner| inner.is_object() || inner.is_array()) {
                    return of_json(inner);
                }
            }
            let by_label =
                entries.iter().map(|(label, index)| Some((index.as_u64()? as usize, label.clone())));
            let by_index =
                entries.iter().map(|(index, label)| Some((index.parse().ok()?, label.as_str()?.to_owned())));
            let labels = by_label.collect::<Option<BTreeMap<_, _>>>().or_else(|| by_index.collect());
            let labels = labels.filter(|labels| labels.len() == entries.len()).and_then(in_order);
            labels.ok_or_else(|| "its JSON gives no label for each index from 0 on".into())
        }
        _ => Err("its JSON is neither a list nor an object".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_labels_are_read_as_people_have_them() {
        let expected = ["sea", "dry land", "\u{e9}tang"];
        let utf16 =
            |text: &str, of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
        let plain = "sea\r\n\r\ndry land\r\n \u{e9}tang \n";
        for bytes in [
            plain.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", plain.as_bytes()].concat(),
            utf16(&format!("\u{feff}{plain}"), u16::to_le_bytes),
            utf16(&format!("\u{feff}{plain}"), u16::to_be_bytes),
            utf16(plain, u16::to_le_bytes),
            "0 sea\n1 dry land\n2 \u{e9}tang".into(),
            "2: \u{e9}tang\n0: sea\n1: dry land".into(),
            "1,sea\n2,dry land\n3,\u{e9}tang".into(),
            r#"["sea", "dry land", "étang"]"#.into(),
            r#"{"dry land": 1, "sea": 0, "étang": 2}"#.into(),
            r#"{"0": "sea", "1": "dry land", "2": "étang"}"#.into(),
            r#"{"model_type": "x", "id2label": {"0": "sea", "2": "étang", "1": "dry land"}}"#.into(),
        ] {
            assert_eq!(read(&bytes).unwrap(), expected, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn labels_that_begin_with_a_number_stay_whole_and_contradictions_are_refused() {
        assert_eq!(read(b"2 lanes\n4 lanes").unwrap(), ["2 lanes", "4 lanes"]);
        assert_eq!(read(b"3d\n4d").unwrap(), ["3d", "4d"]);
        for (list, sentence) in [
            (&b"sea\nsea"[..], "`sea` twice"),
            (br#"{"sea": 0, "land": 2}"#, "no label for each index"),
            (br#"{"sea": 0, "land": 0}"#, "no label for each index"),
            (b"[1, 2]", "other things than labels"),
            (b"{", "no JSON"),
            (b"\xe9tang", "save it as UTF-8"),
        ] {
            assert!(read(list).unwrap_err().contains(sentence), "{sentence}");
        }
    }
}
