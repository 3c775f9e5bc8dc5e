//! That whatever a node has to say stays inside the picture, and that what counts can be seen.

use std::sync::Arc;

use super::*;
use crate::display::{ActionView, ModalityView};
use crate::message::MessageType;
use crate::message::cdr::Writer;
use crate::modality::{Message, MessageFanout};
use crate::time::Stamp;

/// A camera that shows one colour, or nothing yet.
fn camera(name: &str, rgb: Option<[u8; 3]>) -> Camera {
    let fanout = MessageFanout::new(MessageType::Image);
    if let Some(rgb) = rgb {
        let mut writer = Writer::new();
        writer.header(Stamp::from_nanos(1), "");
        writer.u32(24);
        writer.u32(32);
        writer.string("rgb8");
        writer.u8(0);
        writer.u32(96);
        writer.bytes(&rgb.repeat(24 * 32));
        fanout.put(Message {
            bytes: Arc::new(writer.finish()),
            received: Stamp::default(),
            unchanged: Default::default(),
            epoch: Default::default(),
        });
    }
    Camera {
        modality: name.to_owned(),
        message: MessageType::Image,
        fanout: Arc::new(fanout),
    }
}

fn view(modalities: usize, actions: usize, words: &str) -> View {
    View {
        node: words.to_owned(),
        policy: words.to_owned(),
        activity: Activity::Stopped,
        reason: words.to_owned(),
        instruction: words.to_owned(),
        modalities: (0..modalities)
            .map(|i| ModalityView {
                name: format!("{i}{words}"),
                health: Health::Error,
                age_s: Some(1e9 * i as f64),
                share: Some([1.0, -1.0, f64::NAN, 1e300][i % 4]),
                ..ModalityView::default()
            })
            .collect(),
        actions: (0..actions)
            .map(|i| ActionView {
                name: format!("{i}{words}"),
                value: Some([1e12, -1e300, f64::NAN, f64::INFINITY][i % 4]),
                min: Some(-1.0),
                max: Some(1.0),
                ..ActionView::default()
            })
            .collect(),
        ..View::default()
    }
}

#[test]
fn everything_stays_inside_the_frame() {
    let long = "pick up the red block and put it into the box ".repeat(40);
    let foreign = "開けて\u{202e}\u{1f916}\n\0é".repeat(40);
    for words in ["", "open", &long, &foreign] {
        for (modalities, actions, cameras) in [(0, 0, 0), (1, 1, 1), (3, 7, 2), (16, 40, 16)] {
            let cameras: Vec<Camera> = (0..cameras)
                .map(|i| camera(words, (i % 2 == 0).then_some([9, 9, 9])))
                .collect();
            let canvas = Canvas::new(WIDTH, HEIGHT, BACKGROUND);
            let canvas = draw_on(canvas, &view(modalities, actions, words), &cameras);
            assert_eq!(canvas.left_out, 0, "{modalities} {actions} {words}");
        }
    }
}

/// How many pixels of a picture have this colour.
fn count(picture: &RgbPicture, colour: [u8; 3]) -> usize {
    let pixels = picture.data.chunks_exact(3);
    pixels.filter(|pixel| **pixel == colour).count()
}

#[test]
fn the_pictures_are_as_large_as_they_fit_and_lie_side_by_side() {
    let cameras = [
        camera("scene", Some([10, 200, 30])),
        camera("wrist", Some([90, 20, 250])),
    ];
    let picture = draw(&view(3, 3, "open"), &cameras);
    assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT));
    let [scene, wrist] = [[10, 200, 30], [90, 20, 250]].map(|rgb| count(&picture, rgb));
    assert_eq!(scene, wrist);
    assert!(scene > 300 * 220, "{scene}");
}

#[test]
fn the_state_the_sentence_and_the_shares_can_be_told_apart() {
    let changes: [fn(&mut View); 6] = [
        |view| view.activity = Activity::Active,
        |view| view.reason = "scene: 0.512 s old, allowed 0.500 s".into(),
        |view| view.instruction = "close the drawer".into(),
        |view| view.modalities[0].share = Some(-0.5),
        |view| view.modalities[0].age_s = Some(0.25),
        |view| view.actions[0].value = Some(0.75),
    ];
    let before = draw(&view(2, 2, "open"), &[]);
    for (i, change) in changes.iter().enumerate() {
        let mut changed = view(2, 2, "open");
        change(&mut changed);
        assert_ne!(draw(&changed, &[]).data, before.data, "change {i}");
    }
}

#[test]
fn a_message_that_is_no_picture_is_said_to_be_none() {
    let broken = camera("scene", None);
    broken.fanout.put(Message {
        bytes: Arc::new(vec![0, 1, 0, 0, 7]),
        received: Stamp::default(),
        unchanged: Default::default(),
        epoch: Default::default(),
    });
    let nothing = draw(&view(1, 1, "open"), &[camera("scene", None)]);
    assert_ne!(draw(&view(1, 1, "open"), &[broken]).data, nothing.data);
}
