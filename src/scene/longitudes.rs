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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longitudes_come_to_their_side() {
        assert_eq!([near(-179.0, 179.0), near(181.0, -170.0), near(10.0, 370.0)], [181.0, -179.0, 370.0]);
        assert_eq!([180.0, -180.0, 190.0, -541.0].map(turned), [-180.0, -180.0, -170.0, 179.0]);
        let mut ring = [[179.0, 0.0], [-179.0, 1.0], [-178.0, 1.0], [179.5, 0.0]];
        run_on(&mut ring);
        assert_eq!(ring.map(|[lon, _]| lon), [179.0, 181.0, 182.0, 179.5]);
        assert_eq!(extent(&ring), (179.0, 182.0));
    }
}
