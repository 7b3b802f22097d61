//! A node of a fleet: a process of its own with a cache over PostgreSQL and a follower, that does as it is told and says
//! between which instants it did.

pub mod served;
mod watch;

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::child::Child;

/// What a node is given.
#[derive(Clone, Debug)]
pub struct Settings {
    pub url: String,
    /// Where its follower listens, if it has one.
    pub follow: Option<String>,
    pub heartbeat: Duration,
    pub max_staleness: Duration,
    pub deadline: Duration,
}

pub struct Node {
    /// No two of a test have the same.
    pub number: usize,
    child: Mutex<Option<Child>>,
    asks: mpsc::UnboundedSender<Asked>,
}

#[derive(Debug)]
pub struct Answer {
    pub start: u64,
    pub end: u64,
    pub words: Vec<String>,
}

type Asked = (String, oneshot::Sender<Answer>);

/// Microseconds of the machine's clock, which all processes share.
pub fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros().try_into().unwrap()
}

impl Settings {
    pub fn new(url: String) -> Self {
        let seconds = Duration::from_secs;
        let (heartbeat, max_staleness, deadline) = (seconds(2), seconds(30), seconds(5));
        Self { follow: Some(url.clone()), url, heartbeat, max_staleness, deadline }
    }

    fn to_words(&self) -> String {
        let [heartbeat, staleness, deadline] =
            [self.heartbeat, self.max_staleness, self.deadline].map(|span| span.as_millis());
        format!("{heartbeat} {staleness} {deadline} {}", self.follow.as_deref().unwrap_or("-"))
    }

    fn from_words(url: String, words: &str) -> Self {
        let words: Vec<&str> = words.split(' ').collect();
        let span = |word: usize| Duration::from_millis(words[word].parse().unwrap());
        let follow = Some(words[3].to_owned()).filter(|follow| follow != "-");
        Self { url, follow, heartbeat: span(0), max_staleness: span(1), deadline: span(2) }
    }
}

impl Node {
    /// `test` is the one of the same binary that calls [`serve`]. Returns once it serves, and its follower follows.
    pub async fn start(test: &'static str, number: usize, settings: &Settings) -> Self {
        let (url, words) = (settings.url.clone(), settings.to_words());
        let started = tokio::task::spawn_blocking(move || {
            let child = Child::start(test, Path::new(&url), &words);
            let port: u16 = child.line().parse().unwrap();
            (child, port)
        });
        let (child, port) = started.await.unwrap();
        let (from, to) = TcpStream::connect(("127.0.0.1", port)).await.unwrap().into_split();
        let (asks, asked) = mpsc::unbounded_channel();
        tokio::spawn(carry(BufReader::new(from), to, asked));
        Self { number, child: Mutex::new(Some(child)), asks }
    }

    /// None if it ended before it answered.
    pub async fn ask(&self, what: &str) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        // It is told to nobody where the node is gone.
        let _ = self.asks.send((what.to_owned(), answer));
        match answered.await {
            Ok(answer) => Some(answer),
            Err(_) => {
                // Whoever asks on and on leaves others room.
                sleep(Duration::from_millis(5)).await;
                None
            }
        }
    }

    /// With SIGKILL.
    pub fn kill(&self) {
        drop(self.child.lock().unwrap().take());
    }
}

impl Answer {
    fn parse(line: &str) -> Option<(usize, Self)> {
        let mut words = line.split(' ');
        let number = words.next()?.parse().ok()?;
        let (start, end) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some((number, Self { start, end, words: words.map(str::to_owned).collect() }))
    }

    pub fn is(&self, word: &str) -> bool {
        self.words[0] == word
    }
}

/// Ends with the node, and then all that was asked of it goes without an answer.
async fn carry(mut from: BufReader<OwnedReadHalf>, mut to: OwnedWriteHalf, mut asked: mpsc::UnboundedReceiver<Asked>) {
    let (mut waiting, mut line) = (Vec::new(), String::new());
    loop {
        tokio::select! {
            Some((what, answer)) = asked.recv() => {
                if to.write_all(format!("{} {what}\n", waiting.len()).as_bytes()).await.is_err() {
                    return;
                }
                waiting.push(Some(answer));
            }
            // A line that it leaves half-read is still there the next time.
            read = from.read_line(&mut line) => {
                if !matches!(read, Ok(1..)) {
                    return;
                }
                let parsed = Answer::parse(line.trim_end());
                // One that was killed may leave half a line.
                if let Some((number, answer)) = parsed.filter(|_| line.ends_with('\n')) {
                    let waits = waiting.get_mut(number).and_then(Option::take);
                    // Whoever asked may be gone.
                    waits.map(|waits: oneshot::Sender<Answer>| waits.send(answer));
                }
                line.clear();
            }
        }
    }
}
