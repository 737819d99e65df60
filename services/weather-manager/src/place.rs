//! Places, seasons and skies.

use crate::draw::Draw;

/// What kind of place a region is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Biome {
    /// Fields and woods with four clear seasons.
    Temperate,
    /// By the sea.
    Coast,
    /// High up.
    Mountain,
    /// Hot and dry.
    Desert,
    /// Low, wet and warm.
    Swamp,
    /// Cold for most of the year.
    Tundra,
}

impl Biome {
    /// Every biome.
    pub const ALL: &[Self] =
        &[Self::Temperate, Self::Coast, Self::Mountain, Self::Desert, Self::Swamp, Self::Tundra];

    /// The biome that a region has when nobody says otherwise.
    #[must_use]
    pub fn of_name(region: &str) -> Self {
        let weighted: Vec<_> = Self::ALL.iter().map(|biome| (*biome, 1)).collect();
        Draw::of("biome", 0, region, 0).pick(&weighted)
    }
}

/// Quarter of a game year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Season {
    /// The first.
    Spring,
    /// The second.
    Summer,
    /// The third.
    Autumn,
    /// The last.
    Winter,
}

impl Season {
    /// Every season in order.
    pub const ALL: [Self; 4] = [Self::Spring, Self::Summer, Self::Autumn, Self::Winter];
}

/// What the sky does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sky {
    /// A clear sky.
    Clear,
    /// Some clouds.
    Cloudy,
    /// No sky to be seen.
    Overcast,
    /// Fog.
    Fog,
    /// Rain.
    Rain,
    /// Rain, wind and lightning.
    Storm,
    /// Snow.
    Snow,
    /// Snow and wind.
    Blizzard,
    /// Sand and wind.
    Sandstorm,
}

impl Sky {
    /// What it can turn into within a step.
    #[must_use]
    pub fn neighbours(self) -> &'static [Self] {
        match self {
            Self::Clear => &[Self::Cloudy, Self::Fog, Self::Sandstorm],
            Self::Cloudy => &[Self::Clear, Self::Overcast, Self::Rain, Self::Fog, Self::Sandstorm],
            Self::Overcast => &[Self::Cloudy, Self::Rain, Self::Snow, Self::Fog, Self::Storm],
            Self::Fog => &[Self::Clear, Self::Cloudy, Self::Overcast],
            Self::Rain => &[Self::Cloudy, Self::Overcast, Self::Storm, Self::Snow],
            Self::Storm => &[Self::Cloudy, Self::Overcast, Self::Rain],
            Self::Snow => &[Self::Cloudy, Self::Overcast, Self::Rain, Self::Blizzard],
            Self::Blizzard => &[Self::Overcast, Self::Snow],
            Self::Sandstorm => &[Self::Clear, Self::Cloudy],
        }
    }
}
