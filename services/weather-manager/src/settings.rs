//! What the environment tells the service.

use bodybroker_runtime::config::setting;
use bodybroker_runtime::{Result, Status};

use crate::place::Biome;
use crate::region::Region;

/// What the environment tells the service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `WEATHER_WORLD`: the world of regions that nobody has named another for. Default: `overworld`.
    pub world: String,
    /// `WEATHER_SEED`: seed of every region that isn't followed yet. Default: 1.
    pub seed: u64,
    /// `WEATHER_REGIONS`: regions of that world that are followed from the beginning, as in `vale:temperate,pier:coast`.
    pub regions: Vec<(String, Biome)>,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` naming the variable that can't be read.
    pub fn from_env() -> Result<Self> {
        let regions: String = setting("WEATHER_REGIONS", "vale:temperate,pier:coast".to_owned())?;
        Ok(Self {
            world: setting("WEATHER_WORLD", "overworld".to_owned())?,
            seed: setting("WEATHER_SEED", 1)?,
            regions: regions
                .split(',')
                .filter(|it| !it.trim().is_empty())
                .map(region)
                .collect::<Result<_>>()?,
        })
    }

    /// A region as it is before anybody says otherwise.
    #[must_use]
    pub fn region(&self, id: &str, world: Option<&str>) -> Region {
        let listed = self.regions.iter().find(|(listed, _)| listed == id);
        Region {
            id: id.to_owned(),
            world: world.unwrap_or(&self.world).to_owned(),
            biome: listed.map_or_else(|| Biome::of_name(id), |(_, biome)| *biome),
            seed: self.seed,
            over: None,
        }
    }
}

fn region(text: &str) -> Result<(String, Biome)> {
    let parsed = text.split_once(':').and_then(|(id, biome)| {
        let biome = Biome::ALL
            .iter()
            .find(|known| format!("{known:?}").eq_ignore_ascii_case(biome.trim()))?;
        Some((id.trim().to_owned(), *biome)).filter(|(id, _)| !id.is_empty())
    });
    parsed.ok_or_else(|| {
        let biomes: Vec<_> =
            Biome::ALL.iter().map(|biome| format!("{biome:?}").to_lowercase()).collect();
        Status::invalid_argument(format!(
            "WEATHER_REGIONS has `{text}`; write `name:biome` with one of {}",
            biomes.join(", ")
        ))
    })
}
