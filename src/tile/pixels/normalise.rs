//! From a picture's bytes to the numbers that a network is fed.

/// Appends the planes of red, green and blue of RGB pixels to `planes`: each value, from 0 to 255, times the scale of
/// its channel, less its shift. Bytes at the end that are no whole pixel are left out.
pub fn normalise(rgb: &[u8], channels: [(f32, f32); 3], planes: &mut Vec<f32>) {
    let pixels = rgb.as_chunks::<3>().0;
    for (channel, (scale, shift)) in channels.into_iter().enumerate() {
        planes.extend(pixels.iter().map(|pixel| f32::from(pixel[channel]) * scale - shift));
    }
}
