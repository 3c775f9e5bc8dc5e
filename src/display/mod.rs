//! What a person sees of a running node: its state as one value, made only when somebody asks for it, and the debug
//! image that is drawn of it.

mod canvas;
mod debug_image;
mod layout;
mod palette;
mod panels;
mod slot;
mod text;
mod view;

pub use debug_image::draw;
pub use layout::{HEIGHT, WIDTH};
pub use slot::{Camera, Sight, SightSlot};
pub use view::{ActionView, Activity, Health, ModalityView, View};
