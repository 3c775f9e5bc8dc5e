//! What can be asked, and what is answered.

use std::path::Path as FilePath;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::access::Access;
use super::answers::Said;
use super::cameras::Cameras;
use super::node::Node;
use super::page::Page;
use super::policies;
use super::states::States;

/// A request may have so many bytes.
const MOST_BYTES: usize = 8 * 1024;

/// A sentence may have so many letters.
const LONGEST_SENTENCE: usize = 1000;

/// What the answers are made of.
pub(super) struct Shared {
    pub access: Access,
    pub page: Page,
    pub states: States,
    pub cameras: Cameras,
    pub node: Arc<dyn Node>,
}

type Asked<T> = Result<Json<T>, JsonRejection>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instruction {
    modality: String,
    sentence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enable {
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    name: String,
}

#[derive(Serialize)]
struct Policies {
    names: Vec<String>,
}

/// Everything that can be asked.
pub(super) fn routes(shared: Arc<Shared>) -> Router {
    let api = Router::new()
        .route("/states", get(states))
        .route("/cameras/{modality}", get(camera))
        .route("/policies", get(all_policies))
        .route("/policy", post(load))
        .route("/instruction", post(instruct))
        .route("/enable", post(enable))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .route_layer(middleware::from_fn_with_state(shared.clone(), guard));
    Router::new()
        .route("/", get(page))
        .nest("/api", api)
        .fallback(unknown)
        .layer(middleware::map_response(close_tight))
        .with_state(shared)
}

async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match shared.access.may_ask(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => Said::from(refused).into_response(),
    }
}

/// What holds for every answer.
async fn close_tight(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CACHE_CONTROL, "no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    response
}

async fn page(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match shared.access.may_open(&headers) {
        Ok(()) => shared.page.response(),
        Err(refused) => Said::from(refused).into_response(),
    }
}

async fn unknown() -> Said {
    Said::no(StatusCode::NOT_FOUND, "there is nothing here")
}

async fn states(State(shared): State<Arc<Shared>>) -> Response {
    match shared.states.watch() {
        Some(states) => Sse::new(states)
            .keep_alive(KeepAlive::default())
            .into_response(),
        None => Said::no(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many pages are open; close one",
        )
        .into_response(),
    }
}

async fn camera(
    State(shared): State<Arc<Shared>>,
    Path(modality): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Said> {
    let sight = shared.states.seen().await.ok_or_else(Said::silent)?;
    let mut cameras = sight.cameras.iter();
    let Some(camera) = cameras.find(|camera| camera.modality == modality).cloned() else {
        return Err(Said::no(StatusCode::NOT_FOUND, "no such camera"));
    };
    let made = tokio::task::spawn_blocking(move || shared.cameras.newest(&camera)).await;
    let failed = |why: String| Said::no(StatusCode::UNPROCESSABLE_ENTITY, why);
    let shown = made.map_err(|why| failed(why.to_string()))?;
    match shown.map_err(|why| failed(why.to_string()))? {
        None => Ok(StatusCode::NO_CONTENT.into_response()),
        Some(shown) => {
            let has_it = headers
                .get(header::IF_NONE_MATCH)
                .is_some_and(|tag| *tag == shown.tag);
            if has_it {
                return Ok(StatusCode::NOT_MODIFIED.into_response());
            }
            let jpeg = (header::CONTENT_TYPE, "image/jpeg".to_owned());
            Ok(([jpeg, (header::ETAG, shown.tag)], shown.jpeg).into_response())
        }
    }
}

async fn all_policies(State(shared): State<Arc<Shared>>) -> Result<Json<Policies>, Said> {
    let sight = shared.states.seen().await.ok_or_else(Said::silent)?;
    let find = move || policies::beside(FilePath::new(&sight.view.folder));
    let names = tokio::task::spawn_blocking(find).await.unwrap_or_default();
    Ok(Json(Policies { names }))
}

async fn load(State(shared): State<Arc<Shared>>, asked: Asked<Policy>) -> Result<Said, Said> {
    let Json(Policy { name }) = asked?;
    let sight = shared.states.seen().await.ok_or_else(Said::silent)?;
    let find = move || policies::folder_of(FilePath::new(&sight.view.folder), &name);
    let folder = tokio::task::spawn_blocking(find).await.ok().flatten();
    let folder = folder.ok_or_else(|| {
        Said::no(
            StatusCode::NOT_FOUND,
            "no such policy beside the active one",
        )
    })?;
    let answer = shared.node.load(folder.display().to_string()).await;
    Ok(answer.into())
}

async fn instruct(
    State(shared): State<Arc<Shared>>,
    asked: Asked<Instruction>,
) -> Result<Said, Said> {
    let Json(Instruction { modality, sentence }) = asked?;
    let letters = sentence.chars().count();
    if letters > LONGEST_SENTENCE {
        let why = format!("{letters} letters; at most {LONGEST_SENTENCE} are allowed");
        return Err(Said::no(StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    Ok(shared.node.instruct(&modality, &sentence).into())
}

async fn enable(State(shared): State<Arc<Shared>>, asked: Asked<Enable>) -> Result<Said, Said> {
    let Json(Enable { enabled }) = asked?;
    Ok(shared.node.enable(enabled).into())
}
