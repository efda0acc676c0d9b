//! Longitudes in degrees: one is the same a turn around the Earth further.

/// The longitude, by so many turns further that it is nearest to another.
pub(super) fn near(lon: f64, other: f64) -> f64 {
    lon - 360.0 * ((lon - other) / 360.0).round()
}

/// The longitude from −180 to 180.
pub(super) fn turned(lon: f64) -> f64 {
    lon - 360.0 * ((lon + 180.0) / 360.0).floor()
}

/// Lets longitudes run on from point to point, where they jump by a whole turn.
pub(super) fn run_on<'a>(points: impl IntoIterator<Item = &'a mut [f64; 2]>) {
    let mut before = None;
    for [lon, _] in points {
        *lon = near(*lon, before.unwrap_or(*lon));
        before = Some(*lon);
    }
}

/// The smallest and the largest longitude of points.
pub(super) fn extent<'a>(points: impl IntoIterator<Item = &'a [f64; 2]>) -> (f64, f64) {
    points
        .into_iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(west, east), &[lon, _]| (west.min(lon), east.max(lon)))
}
