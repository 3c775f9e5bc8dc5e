//! Cross-attention over maps.

use candle_core::{D, Device, Result, Tensor};

use super::method::{Fusion, Setting};
use super::parameters::{Linear, Parameters};
use super::parts::{Absent, Parts};
use crate::map::MapShape;
use crate::spec::CrossAttentionSpec;

/// The differentiable counterpart of [`crate::fusion::CrossAttention`].
pub(super) struct CrossAttention {
    absent: Absent,
    roles: Vec<Role>,
    width: usize,
}

enum Role {
    Query,
    Map(AttentionHead),
    Vector,
}

struct AttentionHead {
    seek: Linear,
    /// x and y of every position, `[positions, 2]`, from −1 to 1.
    places: Tensor,
    shape: MapShape,
    heads: usize,
}

impl CrossAttention {
    pub(super) fn new(
        parameters: &mut Parameters,
        spec: &CrossAttentionSpec,
        setting: &Setting,
    ) -> Result<Self> {
        let parts = spec.parts(&setting.modalities);
        let asks = |name: &str| spec.queries.iter().any(|query| query == name);
        let asked = setting.modalities.iter().filter(|(name, _)| asks(name));
        let query = asked.map(|(_, width)| width).sum();
        let mut role = |(name, width): &(&str, usize)| {
            Ok(match spec.maps.get(*name) {
                Some(cells) => {
                    let shape = MapShape::square(*width, *cells);
                    Role::Map(AttentionHead::new(
                        parameters, name, shape, spec.heads, query,
                    )?)
                }
                None if asks(name) => Role::Query,
                None => Role::Vector,
            })
        };
        let roles = setting.modalities.iter().map(&mut role);
        let roles = roles.collect::<Result<_>>()?;
        let fused = parts.iter().filter(|(name, _)| !asks(name));
        Ok(Self {
            roles,
            width: fused.map(|(_, width)| width).sum(),
            absent: Absent::new(parameters, &parts, setting.leaves_out)?,
        })
    }
}

impl Fusion for CrossAttention {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&self, parts: &Parts) -> Result<Tensor> {
        let mut queries = Vec::new();
        for (i, projected) in parts.projected.iter().enumerate() {
            if matches!(self.roles[i], Role::Query) {
                queries.push(self.absent.stand_in(i, projected, parts)?);
            }
        }
        let query = Tensor::cat(&queries, 1)?;
        let mut fused = Vec::new();
        for (i, projected) in parts.projected.iter().enumerate() {
            let part = match &self.roles[i] {
                Role::Query => continue,
                Role::Map(attention_head) => &attention_head.look(projected, &query)?,
                Role::Vector => projected,
            };
            fused.push(self.absent.stand_in(i, part, parts)?);
        }
        Tensor::cat(&fused, 1)
    }
}

impl AttentionHead {
    fn new(
        parameters: &mut Parameters,
        name: &str,
        shape: MapShape,
        heads: usize,
        query: usize,
    ) -> Result<Self> {
        let places: Vec<f32> = shape.places().flatten().collect();
        Ok(Self {
            seek: parameters.linear(&format!("fusion.{name}"), query, heads * shape.channels)?,
            places: Tensor::from_vec(places, (shape.positions(), 2), &Device::Cpu)?,
            shape,
            heads,
        })
    }

    /// `[batch, channels·positions]` to `[batch, 2·heads]`: every x, then every y.
    fn look(&self, maps: &Tensor, query: &Tensor) -> Result<Tensor> {
        let (batch, channels, positions) =
            (maps.dim(0)?, self.shape.channels, self.shape.positions());
        let maps = maps.reshape((batch, channels, positions))?;
        let sought = self.seek.apply(query)?;
        let sought = sought.reshape((batch, self.heads, channels))?;
        let scale = 1.0 / (channels as f64).sqrt();
        let attention = candle_nn::ops::softmax(&(sought.matmul(&maps)? * scale)?, D::Minus1)?;
        let places = attention.reshape(((), positions))?.matmul(&self.places)?;
        let places = places.reshape((batch, self.heads, 2))?;
        places.transpose(1, 2)?.reshape((batch, 2 * self.heads))
    }
}
