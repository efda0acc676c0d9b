//! Tiles over HTTP: an image file is posted, its classes come back as JSON.
//!
//! ```sh
//! cargo run --manifest-path examples/server/Cargo.toml -- \
//!     models/overhead.safetensors models/overhead-scenes.safetensors 3000
//! curl --data-binary @www/samples/synthetic-forest.jpg http://127.0.0.1:3000/classify
//! ```
//!
//! It listens on this machine alone. Port 0 takes one that is free; the first line that is printed says which.

use std::env;
use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::thread::available_parallelism;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use serde::Serialize;
use tilelens::ErrorCode;
use tilelens::device::Device;
use tilelens::limits::MAX_TILE_BYTES;
use tilelens::model::classifier::Classifier;
use tilelens::model::model_file::ModelFile;
use tilelens::tile::decode;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// What all requests share.
struct Server {
    classifier: Classifier,
    /// As many tiles at once as there are cores: more would only take memory.
    cores: Arc<Semaphore>,
}

#[derive(Serialize)]
struct Answer {
    /// The most probable first.
    classes: Vec<Class>,
    /// What decoding changed, guessed or left out, in sentences.
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Class {
    label: String,
    probability: f32,
}

/// Why there is no answer: a code for programs, and a sentence for people.
#[derive(Serialize)]
struct Failure {
    #[serde(skip)]
    status: StatusCode,
    code: &'static str,
    message: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [backbone, head, port] = <[String; 3]>::try_from(env::args().skip(1).collect::<Vec<_>>())
        .map_err(|_| "give the file of a backbone, that of a head, and a port")?;
    let [backbone, head] = [backbone, head].map(|path| read_model(&path));
    let classifier = Classifier::load(&backbone?.join(&head?)?, &Device::Cpu)?;
    let cores = Arc::new(Semaphore::new(available_parallelism()?.get()));
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    println!("http://{}/classify", listener.local_addr()?);
    axum::serve(listener, router(Server { classifier, cores })).await?;
    Ok(())
}

fn read_model(path: &str) -> Result<ModelFile, Box<dyn Error>> {
    let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(ModelFile::from_bytes(&bytes).map_err(|error| format!("{path}: {error}"))?)
}

fn router(server: Server) -> Router {
    Router::new()
        .route("/classify", post(classify))
        .layer(DefaultBodyLimit::max(MAX_TILE_BYTES as usize))
        .with_state(Arc::new(server))
}

async fn classify(State(server): State<Arc<Server>>, file: Bytes) -> Result<Json<Answer>, Failure> {
    let core = Arc::clone(&server.cores).acquire_owned().await.map_err(Failure::ours)?;
    // The network computes for some milliseconds without a pause: a thread of its own leaves the others to connections.
    // It also catches a panic: a fault in a decoder costs one request.
    let answer = spawn_blocking(move || {
        // Kept to the end: a client that goes away does not stop the thread.
        let _core = core;
        answer(&server.classifier, &file)
    });
    answer.await.map_err(Failure::ours)?.map(Json)
}

fn answer(classifier: &Classifier, file: &[u8]) -> Result<Answer, Failure> {
    let tile = decode(file).map_err(|error| Failure::of_request(&error))?;
    let answers = pollster::block_on(classifier.classify(&[&tile])).map_err(Failure::ours)?;
    let labels = classifier.labels().iter().cloned();
    let mut classes: Vec<Class> =
        labels.zip(answers.probabilities).map(|(label, probability)| Class { label, probability }).collect();
    classes.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    Ok(Answer { classes, notes: tile.notes.iter().map(|note| note.sentence().into_owned()).collect() })
}

impl Failure {
    /// The file is at fault.
    fn of_request(error: &impl ErrorCode) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, code: error.code(), message: error.to_string() }
    }

    /// The server is at fault; its log says how, and the stranger is not told.
    fn ours(error: impl Error) -> Self {
        eprintln!("{error}");
        let message = "the server could not answer: try again".into();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, code: "server.fault", message }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}
