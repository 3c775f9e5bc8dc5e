//! The colours of the debug image.

use embedded_graphics::pixelcolor::Rgb888;

use super::view::Health;

pub(super) const BACKGROUND: Rgb888 = Rgb888::new(16, 19, 24);
pub(super) const PANEL: Rgb888 = Rgb888::new(29, 34, 42);
pub(super) const TEXT: Rgb888 = Rgb888::new(233, 236, 241);
pub(super) const DIM: Rgb888 = Rgb888::new(150, 159, 171);
pub(super) const GREEN: Rgb888 = Rgb888::new(34, 140, 84);
pub(super) const AMBER: Rgb888 = Rgb888::new(200, 130, 20);
pub(super) const RED: Rgb888 = Rgb888::new(200, 48, 52);
pub(super) const GREY: Rgb888 = Rgb888::new(86, 94, 106);

/// The colour in which a modality shows how it is.
pub(super) fn colour_of(health: Health) -> Rgb888 {
    match health {
        Health::Ok => Rgb888::new(72, 187, 120),
        Health::Warning => Rgb888::new(240, 173, 60),
        Health::Error => Rgb888::new(248, 96, 96),
        Health::Silent => DIM,
    }
}
