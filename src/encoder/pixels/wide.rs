//! Channels of 16 bits.

use super::rows::convert_rows;
use crate::message::{ChannelOrder, ImageView};

/// To 8 bits: the whole range to the whole range, to the nearest.
pub(in super::super) fn narrow(sample: u16) -> u8 {
    ((u32::from(sample) + 128) / 257) as u8
}

/// Fills `pixels` with grey for one channel, and with red, green and blue for more.
pub(super) fn convert(view: &ImageView<'_>, order: ChannelOrder, pixels: &mut [u8]) {
    match view.is_bigendian {
        true => convert_with(view, order, pixels, u16::from_be_bytes),
        false => convert_with(view, order, pixels, u16::from_le_bytes),
    }
}

fn convert_with(
    view: &ImageView<'_>,
    order: ChannelOrder,
    pixels: &mut [u8],
    read: impl Fn([u8; 2]) -> u16,
) {
    let sample = |first, second| narrow(read([first, second]));
    match order {
        ChannelOrder::Mono => convert_rows(view, pixels, |[a, b]| [sample(a, b)]),
        ChannelOrder::Rgb => convert_rows(view, pixels, |[a, b, c, d, e, f]| {
            [sample(a, b), sample(c, d), sample(e, f)]
        }),
        ChannelOrder::Bgr => convert_rows(view, pixels, |[a, b, c, d, e, f]| {
            [sample(e, f), sample(c, d), sample(a, b)]
        }),
        ChannelOrder::Rgba => convert_rows(view, pixels, |[a, b, c, d, e, f, _, _]| {
            [sample(a, b), sample(c, d), sample(e, f)]
        }),
        ChannelOrder::Bgra => convert_rows(view, pixels, |[a, b, c, d, e, f, _, _]| {
            [sample(e, f), sample(c, d), sample(a, b)]
        }),
    }
}

/// Samples in the machine's own byte order to bytes, in the first half of their memory.
pub(in super::super) fn narrow_in_place(samples: &mut Vec<u8>, make: impl Fn(u16) -> u8) {
    let count = samples.len() / 2;
    for i in 0..count {
        samples[i] = make(u16::from_ne_bytes([samples[2 * i], samples[2 * i + 1]]));
    }
    samples.truncate(count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_become_the_nearest_of_eight() {
        for sample in 0..=u16::MAX {
            let exact = f64::from(sample) * 255.0 / 65535.0;
            assert_eq!(f64::from(narrow(sample)), exact.round(), "{sample}");
        }
    }
}
