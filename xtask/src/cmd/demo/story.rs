//! The story that the demo tells.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bodybroker_runtime::Connection;
use futures::{Stream, StreamExt as _};
use serde_json::{Value, json};

use super::{chapter, listen};
use crate::caller::{Caller, Failure};
use crate::catalogue::Catalogue;
use crate::shown::Shown;
use crate::{duration, ui};

/// The world that begins with the services.
const WORLD: &str = "overworld";

const TEN_DAYS_SECONDS: f64 = 864_000.0;
const POLL: Duration = Duration::from_millis(50);
/// Time that an event may take to come.
const EVENT_MAX: Duration = Duration::from_secs(40);

/// Tells it, against a system that runs.
pub(super) async fn tell(
    catalogue: Catalogue,
    connection: Connection,
    client: &async_nats::Client,
) -> anyhow::Result<()> {
    let mut ticks = listen(&catalogue, client, "TimeTick").await?;
    let mut weather = listen(&catalogue, client, "WeatherChanged").await?;
    let caller = Caller::new(catalogue, connection, false);
    let story = Story { caller };

    chapter("Time ticks");
    next(&mut ticks, "TimeTick", |tick| tick["worldId"] == WORLD).await?;
    story.call("TimeService.SetScale", json!({"worldId": WORLD, "scale": 3600.0})).await?;
    let time = story.call("TimeService.GetTime", json!({"worldId": WORLD})).await?;
    let calendar = &time["time"]["calendar"];
    ui::say(format!("  in the {WORLD} it is {}", date(calendar)));
    let tick = next(&mut ticks, "TimeTick", |tick| tick["worldId"] == WORLD).await?;
    let after = next(&mut ticks, "TimeTick", |tick| tick["worldId"] == WORLD).await?;
    ui::say(format!(
        "  ticks {} and {} came from the one leader of two instances",
        plain(&tick["tick"]),
        plain(&after["tick"])
    ));

    chapter("The weather follows");
    let region = json!({"regionId": "pier", "worldId": WORLD});
    story.settled("WeatherService.GetWeather", &region).await?;
    let before = story.call("WeatherService.GetWeather", region.clone()).await?;
    ui::say(format!("  the pier has {}", sky(&before["weather"])));
    story
        .call(
            "TimeService.Advance",
            json!({"worldId": WORLD, "by": format!("{TEN_DAYS_SECONDS}s")}),
        )
        .await?;
    ui::say("  ten days pass");
    let then = seconds(&before["gameTime"]) + TEN_DAYS_SECONDS;
    let is_after =
        |event: &Value| event["regionId"] == "pier" && seconds(&event["gameTime"]) >= then;
    let changed = next(&mut weather, "WeatherChanged", is_after).await?;
    ui::say(format!("  and the pier has {}", sky(&changed["weather"])));
    story.call("WeatherService.GetWeather", region).await?;

    chapter("One update wins, the stale one loses");
    let mut watcher = story.watch("StateService.WatchState", json!({"entityId": "hero"})).await?;
    let first = json!({"entityId": "hero", "expectedVersion": 0, "replacement": {"name": "Ada", "gold": 10}});
    let created = story.call("StateService.UpdateState", first).await?;
    let version = plain(&created["entity"]["version"]);
    ui::say(format!("  the hero exists, at version {version}"));
    let second =
        json!({"entityId": "hero", "expectedVersion": version, "mergePatch": {"gold": 25}});
    let updated = story.call("StateService.UpdateState", second.clone()).await?;
    let entity = &updated["entity"];
    ui::say(format!(
        "  she has {} gold, at version {}",
        entity["data"]["gold"],
        plain(&entity["version"])
    ));
    let refused = story.refused("StateService.UpdateState", second).await?;
    ui::say(format!("  the same update again, still from version {version}, is refused:"));
    ui::say(format!("  {}", ui::dim(&refused.to_string().replace('\n', "\n  "))));
    let conflict = refused.detail("bodybroker.state_manager.v1.VersionConflict");
    anyhow::ensure!(
        conflict.is_some_and(|conflict| conflict["currentVersion"] == entity["version"]),
        "a refusal tells the current version"
    );

    chapter("A watcher saw it all");
    for _ in 0..2 {
        let answer = tokio::time::timeout(EVENT_MAX, story.caller.next(&mut watcher)).await;
        let answer =
            answer.context("the watcher waits in vain")??.context("the watcher's stream ended")?;
        let update: Value = serde_json::from_str(&answer.to_json(false)?)?;
        let update = &update["update"];
        ui::say(format!("  version {}: {}", plain(&update["version"]), compact(&update["data"])));
    }
    drop(watcher);
    story.caller.close().await;
    Ok(())
}

struct Story {
    caller: Caller,
}

impl Story {
    /// Makes a call and says how long it took.
    async fn call(&self, method: &str, request: Value) -> anyhow::Result<Value> {
        let (answer, line) = self.timed(method, &request).await?;
        ui::say(line);
        let answer = answer.with_context(|| format!("{method} {request}"))?;
        Ok(serde_json::from_str(&answer.to_json(false)?)?)
    }

    /// Makes a call that is to fail; gives back its failure.
    async fn refused(&self, method: &str, request: Value) -> anyhow::Result<Failure> {
        let (answer, line) = self.timed(method, &request).await?;
        ui::say(line);
        match answer {
            Ok(_) => anyhow::bail!("{method} {request} was to be refused"),
            Err(error) => error.downcast(),
        }
    }

    /// Waits, in silence, until a method answers: the weather has to hear of the world's time first.
    async fn settled(&self, method: &str, request: &Value) -> anyhow::Result<()> {
        let prepared = self.caller.method(method)?;
        let began = Instant::now();
        while let Err(error) = self.caller.unary(&prepared, &request.to_string(), None).await {
            if began.elapsed() > EVENT_MAX {
                return Err(error);
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn watch(&self, method: &str, request: Value) -> anyhow::Result<crate::caller::Answers> {
        let began = Instant::now();
        let method_ = self.caller.method(method)?;
        let answers = self.caller.server_stream(&method_, &request.to_string(), None).await?;
        ui::say(line(method, &request, began.elapsed()));
        Ok(answers)
    }

    async fn timed(
        &self,
        method: &str,
        request: &Value,
    ) -> anyhow::Result<(anyhow::Result<Shown>, String)> {
        let prepared = self.caller.method(method)?;
        let text = request.to_string();
        let began = Instant::now();
        let answer = self.caller.unary(&prepared, &text, None).await;
        Ok((answer, line(method, request, began.elapsed())))
    }
}

/// Columns of a call; its duration comes after them.
const CALL_WIDTH: usize = 96;

fn line(method: &str, request: &Value, took: Duration) -> String {
    let mut call = format!("→ {method} {}", compact(request));
    if call.chars().count() > CALL_WIDTH {
        call = call.chars().take(CALL_WIDTH - 1).chain(['…']).collect();
    }
    format!("{call:<CALL_WIDTH$} {}", ui::dim(&duration::short(took)))
}

/// Waits for the next event that is meant.
async fn next<S>(
    events: &mut S,
    name: &str,
    meant: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value>
where
    S: Stream<Item = anyhow::Result<Value>> + Unpin,
{
    let wanted = async {
        while let Some(event) = events.next().await {
            let event = event?;
            if meant(&event) {
                return Ok(event);
            }
        }
        anyhow::bail!("the server went away")
    };
    tokio::time::timeout(EVENT_MAX, wanted)
        .await
        .with_context(|| format!("no {name} came within {EVENT_MAX:?}"))?
}

/// A number or a word, without quotes.
fn plain(value: &Value) -> String {
    match (value.as_str(), value.as_f64()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => value.to_string(),
    }
}

/// Game time such as `864000.5s`.
fn seconds(value: &Value) -> f64 {
    let text = value.as_str().unwrap_or_default();
    text.trim_end_matches('s').parse().unwrap_or_default()
}

fn date(calendar: &Value) -> String {
    let season = plain(&calendar["season"]).trim_start_matches("SEASON_").to_lowercase();
    let number = |name: &str| calendar[name].as_u64().unwrap_or_default();
    let (day, hour, minute) = (number("day"), number("hour"), number("minute"));
    format!("{hour:02}:{minute:02} on day {day} of {season}, year {}", plain(&calendar["year"]))
}

/// An object without quotes and braces.
fn compact(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| match value {
                Value::Object(_) => format!("{name} ({})", compact(value)),
                _ => format!("{name} {}", plain(value)),
            });
            fields.collect::<Vec<_>>().join(", ")
        }
        other => plain(other),
    }
}

fn sky(weather: &Value) -> String {
    let condition = plain(&weather["condition"]).trim_start_matches("CONDITION_").to_lowercase();
    let number = |name: &str| weather[name].as_f64().unwrap_or_default();
    let (warmth, wind) = (number("temperatureCelsius"), number("windMetresPerSecond"));
    format!("{condition}, {warmth:.1} °C, wind {wind:.1} m/s")
}
