//! A real cluster of servers, with faults between them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use super::NatsServer;
use super::proxy::Proxy;
use super::server::ROUTE_PORT;
use crate::status::{Result, Status};

mod control;
mod partition;

/// Some servers that are one cluster with JetStream, on 127.0.0.1. Clients and the servers among themselves
/// go through a [`Proxy`] each, so that any link can fail. All processes end when it is dropped.
///
/// Servers have numbers from 0.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
    /// From the server that dials to the one that is dialled.
    routes: BTreeMap<(usize, usize), Proxy>,
}

#[derive(Debug)]
struct Node {
    server: NatsServer,
    clients: Proxy,
    paused: bool,
}

/// The settings of every server, beside the cluster's own. Peers that are silent are noticed within seconds, and a lame
/// duck leaves sooner than the ten seconds that a server usually gives its clients.
const SETTINGS: &str = "\
ping_interval: \"2s\"
ping_max: 2
lame_duck_duration: \"30s\"
lame_duck_grace_period: \"3s\"
";

/// Nobody listens here: servers are reached through their proxies, not where they say they are.
const NOWHERE: &str = "127.0.0.1:1";

impl Cluster {
    /// Starts servers and waits until streams of as many replicas can be made.
    ///
    /// # Errors
    /// As [`NatsServer::start`]; `UNAVAILABLE` when they don't find each other.
    pub async fn start(servers: usize) -> Result<Self> {
        Self::start_with(servers, "").await
    }

    /// Starts servers with further text in the configuration of each.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub async fn start_with(servers: usize, config: &str) -> Result<Self> {
        let mut routes = BTreeMap::new();
        for from in 0..servers {
            for to in (0..servers).filter(|to| *to != from) {
                routes.insert((from, to), Proxy::listen().await?);
            }
        }
        let mut nodes = Vec::new();
        for number in 0..servers {
            let cluster = configuration(number, &routes);
            let builder = NatsServer::builder().config(SETTINGS).config(&cluster).config(config);
            let server = builder.start().await?;
            let clients = Proxy::to(local(server.port())).await?;
            for ((_, to), route) in &routes {
                if *to == number {
                    route.set_target(local(server.route_port()));
                }
            }
            nodes.push(Node { server, clients, paused: false });
        }
        let cluster = Self { nodes, routes };
        cluster.ready().await?;
        Ok(cluster)
    }

    /// How many servers there are, up or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Where clients connect: every server, through its proxy.
    #[must_use]
    pub fn url(&self) -> String {
        let urls: Vec<_> = self.nodes.iter().map(|node| node.clients.url()).collect();
        urls.join(",")
    }

    /// Where the clients of one server connect, through its proxy.
    #[must_use]
    pub fn url_of(&self, server: usize) -> String {
        self.nodes[server].clients.url()
    }

    /// The proxy between a server and its clients.
    #[must_use]
    pub fn clients(&self, server: usize) -> &Proxy {
        &self.nodes[server].clients
    }

    /// One of the servers.
    #[must_use]
    pub fn server(&self, server: usize) -> &NatsServer {
        &self.nodes[server].server
    }

    /// Kills a server with SIGKILL.
    pub fn kill(&mut self, server: usize) {
        let node = &mut self.nodes[server];
        node.paused = false;
        node.server.kill();
    }

    /// Starts a server again on the same ports and the same store, killing it first if need be.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn restart(&mut self, server: usize) -> Result<()> {
        self.kill(server);
        self.nodes[server].server.restart().await
    }

    /// Stops a server's process without ending it: its connections stay open and silent.
    pub fn pause(&mut self, server: usize) {
        let node = &mut self.nodes[server];
        node.paused = true;
        node.server.pause();
    }

    /// Lets a paused server go on.
    pub fn resume(&mut self, server: usize) {
        let node = &mut self.nodes[server];
        node.paused = false;
        node.server.resume();
    }

    /// Asks a server to send its clients away and end, and waits for its end.
    pub async fn lame_duck(&mut self, server: usize) {
        let server = &mut self.nodes[server].server;
        server.lame_duck();
        server.ended().await;
    }
}

/// The configuration by which a server finds the others.
fn configuration(number: usize, routes: &BTreeMap<(usize, usize), Proxy>) -> String {
    let mut peers = String::new();
    for ((from, _), route) in routes {
        if *from == number {
            let _ = writeln!(peers, "\"{}\"", route.url());
        }
    }
    // One connection for each pair of servers: a partition is one thing.
    format!(
        "server_name: {}\n\
         cluster {{\n\
         name: test\n\
         listen: \"127.0.0.1:{ROUTE_PORT}\"\n\
         advertise: \"{NOWHERE}\"\n\
         no_advertise: true\n\
         pool_size: -1\n\
         routes: [\n{peers}]\n\
         }}\n",
        name(number),
    )
}

fn name(number: usize) -> String {
    format!("n{number}")
}

/// The server that bears a name.
fn number(name: &str) -> Result<usize> {
    let number = name.strip_prefix('n').and_then(|number| number.parse().ok());
    number.ok_or_else(|| Status::internal(format!("`{name}` is no server of the cluster")))
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
