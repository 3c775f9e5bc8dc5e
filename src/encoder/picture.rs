//! A picture in memory of somebody else, and how its pixels lie there.

use crate::message::ChannelOrder;

/// Where the colours of a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pixel {
    Grey,
    GreyAlpha,
    Rgb,
    Bgr,
    Rgba,
    Bgra,
}

impl Pixel {
    pub fn bytes(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb | Self::Bgr => 3,
            Self::Rgba | Self::Bgra => 4,
        }
    }

    /// Places of red, green and blue among the bytes of a pixel.
    pub fn rgb_places(self) -> [usize; 3] {
        match self {
            Self::Grey | Self::GreyAlpha => [0, 0, 0],
            Self::Rgb | Self::Rgba => [0, 1, 2],
            Self::Bgr | Self::Bgra => [2, 1, 0],
        }
    }
}

impl From<ChannelOrder> for Pixel {
    fn from(order: ChannelOrder) -> Self {
        match order {
            ChannelOrder::Mono => Self::Grey,
            ChannelOrder::Rgb => Self::Rgb,
            ChannelOrder::Bgr => Self::Bgr,
            ChannelOrder::Rgba => Self::Rgba,
            ChannelOrder::Bgra => Self::Bgra,
        }
    }
}

/// A picture in memory of somebody else, a message's mostly: `height` rows that start `step` bytes apart.
#[derive(Clone, Copy)]
pub(super) struct Picture<'a> {
    pub width: usize,
    pub height: usize,
    pub step: usize,
    pub pixel: Pixel,
    pub data: &'a [u8],
}
