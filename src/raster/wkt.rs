//! A CRS as well-known text, which `.aux.xml` files hold (OGC 01-009 and 18-010r11) → GeoTIFF's keys.

use super::georeference::{
    FOOT, GeoKeys, METRE, MODEL_GEOGRAPHIC, MODEL_PROJECTED, PIXEL_IS_AREA, US_FOOT, key,
};
use super::tiff::tags;

/// Radians in a degree, as texts round them.
const DEGREE_RAD: f64 = 0.017_453_292_519_943_3;

/// The keys of a projected or geographic CRS that has an EPSG code, of a compound one those of its horizontal part.
/// Nothing of others: a description in parameters would have to be put into keys one by one.
pub fn geo_keys(wkt: &str) -> Option<GeoKeys> {
    match node(wkt)? {
        ("COMPD_CS" | "COMPOUNDCRS", parts) => parts.into_iter().find_map(horizontal_keys),
        _ => horizontal_keys(wkt),
    }
}

fn horizontal_keys(wkt: &str) -> Option<GeoKeys> {
    let (keyword, parts) = node(wkt)?;
    match keyword {
        "PROJCS" | "PROJCRS" => {
            let unit = unit(&parts, &["UNIT", "LENGTHUNIT"]).and_then(|metres| {
                let known = [(1.0, METRE), (0.3048, FOOT), (1200.0 / 3937.0, US_FOOT)];
                known.into_iter().find(|(size, _)| (metres - size).abs() < 1e-9).map(|(_, code)| code)
            });
            let unit = unit.map(|unit| [key::LINEAR_UNIT, 0, 1, unit]);
            keys(MODEL_PROJECTED, [key::PROJECTED_CRS, key::PROJECTED_CITATION], &parts, unit)
        }
        "GEOGCS" | "GEOGCRS" | "GEODCRS" => {
            let radians = unit(&parts, &["UNIT", "ANGLEUNIT"]).unwrap_or(DEGREE_RAD);
            if (radians - DEGREE_RAD).abs() > 1e-12 {
                return None;
            }
            keys(MODEL_GEOGRAPHIC, [key::GEOGRAPHIC_CRS, key::GEOGRAPHIC_CITATION], &parts, None)
        }
        _ => None,
    }
}

fn keys(model: u16, [crs, citation]: [u16; 2], parts: &[&str], unit: Option<[u16; 4]>) -> Option<GeoKeys> {
    let code = parts.iter().find_map(|part| match node(part)? {
        ("AUTHORITY" | "ID", id) if id.first().is_some_and(|name| unquoted(name) == "EPSG") => {
            unquoted(id.get(1)?).parse().ok()
        }
        _ => None,
    })?;
    let name = format!("{}|", unquoted(parts.first()?));
    let length = u16::try_from(name.len()).ok()?;
    let entries = [
        [key::MODEL_TYPE, 0, 1, model],
        [key::RASTER_TYPE, 0, 1, PIXEL_IS_AREA],
        [crs, 0, 1, code],
        [citation, tags::GEO_ASCII_PARAMS, length, 0],
    ];
    let entries: Vec<[u16; 4]> = entries.into_iter().chain(unit).collect();
    let directory = [[1, 1, 0, entries.len() as u16]].iter().chain(&entries).flatten().copied().collect();
    Some(GeoKeys { directory, doubles: Vec::new(), ascii: name.into_bytes() })
}

/// How large the unit of all axes is, in metres or radians.
fn unit(parts: &[&str], keywords: &[&str]) -> Option<f64> {
    let found = parts.iter().find_map(|part| node(part).filter(|(keyword, _)| keywords.contains(keyword)));
    found?.1.get(1)?.parse().ok()
}

/// `KEYWORD[a,b[c,d]]` → the keyword, `a` and `b[c,d]`.
fn node(text: &str) -> Option<(&str, Vec<&str>)> {
    let text = text.trim();
    let (keyword, rest) = text.split_once(['[', '('])?;
    let inside = rest.strip_suffix([']', ')'])?;
    let (mut parts, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0_usize, false);
    for (place, byte) in inside.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                parts.push(inside[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(inside[start..].trim());
    Some((keyword.trim(), parts))
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}
