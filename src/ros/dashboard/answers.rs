//! What the page is answered: a message for the person in front of it, and a status for the page.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::access::Refused;
use super::node::Answer;

/// An answer in words.
pub(super) struct Said {
    status: StatusCode,
    message: String,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
}

impl Said {
    /// A refusal.
    pub fn no(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// The node says nothing of itself.
    pub fn silent() -> Self {
        Self::no(
            StatusCode::SERVICE_UNAVAILABLE,
            "the node does not report its state; look at its log",
        )
    }
}

impl From<Answer> for Said {
    fn from(answer: Answer) -> Self {
        match answer {
            Ok(message) => Self::no(StatusCode::OK, message),
            Err(message) => Self::no(StatusCode::CONFLICT, message),
        }
    }
}

impl From<JsonRejection> for Said {
    fn from(rejected: JsonRejection) -> Self {
        Self::no(rejected.status(), rejected.body_text())
    }
}

impl From<Refused> for Said {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Token => Self::no(
                StatusCode::UNAUTHORIZED,
                "the token is missing or wrong; it is the parameter dashboard.token",
            ),
            Refused::Page(why) => Self::no(StatusCode::FORBIDDEN, format!("refused: {why}")),
        }
    }
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        let body = Json(Body {
            message: &self.message,
        });
        (self.status, body).into_response()
    }
}
