//! A way to a server that falls silent without closing, as a network that has lost a connection, or is cut.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Proxy {
    port: u16,
    flow: watch::Sender<Flow>,
    asked: Arc<AtomicUsize>,
}

/// Connections are numbered as they come.
#[derive(Clone, Copy, Default)]
struct Flow {
    come: usize,
    /// Of these nothing is forwarded any more.
    silent_below: usize,
    /// Nor of any other, for now.
    is_silent: bool,
    cut_below: usize,
}

impl Proxy {
    /// On loopback, to that port. It ends with the runtime.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (flow, asked) = (watch::Sender::new(Flow::default()), Arc::default());
        let proxy = Self { port: listener.local_addr().unwrap().port(), flow, asked };
        tokio::spawn(serve(listener, port, proxy.flow.clone(), Arc::clone(&proxy.asked)));
        proxy
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections have come so far.
    pub fn come(&self) -> usize {
        self.flow.borrow().come
    }

    /// How often clients have sent something so far: each that waits for an answer is a round trip.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// The connections that stand are silent from now on, for ever; others are served.
    pub fn forget_connections(&self) {
        self.flow.send_modify(|flow| flow.silent_below = flow.come);
    }

    /// Nothing is forwarded, of new connections neither.
    pub fn fall_silent(&self) {
        self.flow.send_modify(|flow| flow.is_silent = true);
    }

    /// What fell silent goes on, but for connections that were forgotten.
    pub fn go_on(&self) {
        self.flow.send_modify(|flow| flow.is_silent = false);
    }

    /// Closes the connections that stand.
    pub fn cut(&self) {
        self.flow.send_modify(|flow| flow.cut_below = flow.come);
    }
}

impl Flow {
    fn is_cut(&self, number: usize) -> bool {
        number < self.cut_below
    }

    fn may_pass(&self, number: usize) -> bool {
        self.is_cut(number) || (number >= self.silent_below && !self.is_silent)
    }
}

async fn serve(listener: TcpListener, port: u16, flow: watch::Sender<Flow>, asked: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut number = 0;
        flow.send_modify(|flow| {
            number = flow.come;
            flow.come += 1;
        });
        let (flow, asked) = (flow.subscribe(), Arc::clone(&asked));
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            let answered = AtomicUsize::new(0);
            // The end of one way is the end of both.
            tokio::select! {
                () = carry(from_client, to_server, number, flow.clone(), &asked) => {}
                () = carry(from_server, to_client, number, flow, &answered) => {}
            }
        });
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: usize,
    mut flow: watch::Receiver<Flow>,
    count: &AtomicUsize,
) {
    let (mut bytes, mut cut) = (vec![0; 16_384], flow.clone());
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            _ = cut.wait_for(|flow| flow.is_cut(number)) => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let passes = flow.wait_for(|flow| flow.may_pass(number)).await.is_ok_and(|flow| !flow.is_cut(number));
        let Some(read) = bytes.get(..read).filter(|read| passes && !read.is_empty()) else { return };
        if to.write_all(read).await.is_err() {
            return;
        }
    }
}
