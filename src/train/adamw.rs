//! AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization"), whose state can be written down.

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor};

use super::model::Parameters;

/// The sums of candle's own `AdamW`, which keeps its moments to itself.
pub struct AdamW {
    learned: Vec<Learned>,
    /// How many steps were made.
    steps: usize,
    weight_decay: f64,
}

/// One tensor that is learned, with its moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// Its name.
    pub name: String,
    /// Its numbers.
    pub values: Vec<f32>,
    /// The running means of its gradient.
    pub first: Vec<f32>,
    /// The running means of its gradient's squares.
    pub second: Vec<f32>,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl AdamW {
    /// For these parameters.
    ///
    /// # Errors
    /// What candle says.
    pub fn new(parameters: &Parameters, weight_decay: f64) -> Result<Self> {
        let learned = parameters.named().map(|(name, var)| {
            let values: Vec<f32> = var.as_tensor().flatten_all()?.to_vec1()?;
            Ok(Learned {
                name: name.to_owned(),
                first: vec![0.0; values.len()],
                second: vec![0.0; values.len()],
                values,
            })
        });
        Ok(Self {
            learned: learned.collect::<Result<_>>()?,
            steps: 0,
            weight_decay,
        })
    }

    /// One step down these gradients. A parameter without a gradient stays as it is.
    ///
    /// # Errors
    /// What candle says.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &GradStore,
        learning_rate: f64,
    ) -> Result<()> {
        self.steps += 1;
        let unbias = |beta: f64| (1.0 / (1.0 - beta.powi(self.steps as i32))) as f32;
        let (unbias_1, unbias_2) = (unbias(BETA_1), unbias(BETA_2));
        let decay = (1.0 - learning_rate * self.weight_decay) as f32;
        let [beta_1, rest_1] = [BETA_1, 1.0 - BETA_1].map(|v| v as f32);
        let [beta_2, rest_2] = [BETA_2, 1.0 - BETA_2].map(|v| v as f32);
        let (rate, epsilon) = (learning_rate as f32, EPSILON as f32);
        for (learned, (_, var)) in self.learned.iter_mut().zip(parameters.named()) {
            let Some(gradient) = gradients.get(var) else {
                continue;
            };
            let gradient: Vec<f32> = gradient.flatten_all()?.to_vec1()?;
            let moments = learned.first.iter_mut().zip(&mut learned.second);
            let each = learned.values.iter_mut().zip(moments).zip(&gradient);
            for ((value, (first, second)), g) in each {
                *first = *first * beta_1 + g * rest_1;
                *second = *second * beta_2 + g * g * rest_2;
                let down = *first * unbias_1 / ((*second * unbias_2).sqrt() + epsilon);
                *value = *value * decay - down * rate;
            }
            learned.show(var)?;
        }
        Ok(())
    }

    /// All that is learned, in the order of the parameters.
    pub fn learned(&self) -> &[Learned] {
        &self.learned
    }

    /// Goes on from where another was after so many steps. False, and nothing is changed, where that learned other tensors.
    ///
    /// # Errors
    /// What candle says.
    pub fn restore(
        &mut self,
        parameters: &Parameters,
        learned: Vec<Learned>,
        steps: usize,
    ) -> Result<bool> {
        let shape = |learned: &Learned| {
            let lengths = [&learned.values, &learned.first, &learned.second].map(Vec::len);
            (learned.name.clone(), lengths)
        };
        if !learned.iter().map(shape).eq(self.learned.iter().map(shape)) {
            return Ok(false);
        }
        (self.learned, self.steps) = (learned, steps);
        for (learned, (_, var)) in self.learned.iter().zip(parameters.named()) {
            learned.show(var)?;
        }
        Ok(true)
    }
}

impl Learned {
    /// Puts the values where the model sees them.
    fn show(&self, var: &candle_core::Var) -> Result<()> {
        let values = Tensor::from_slice(&self.values, var.dims(), &Device::Cpu)?;
        var.set(&values)
    }
}

#[cfg(test)]
mod tests {
    use candle_nn::{Optimizer, ParamsAdamW};

    use super::*;

    fn parameters() -> (Parameters, [Tensor; 3]) {
        let mut parameters = Parameters::new(3);
        let tensors = [
            parameters.evenly("a".into(), &[4, 7], 0.5).unwrap(),
            parameters.evenly("b".into(), &[4, 1], 0.5).unwrap(),
            parameters.zeros("unused".into(), &[2]).unwrap(),
        ];
        (parameters, tensors)
    }

    /// Something with gradients that change.
    fn loss([a, b, _]: &[Tensor; 3], step: usize) -> Tensor {
        let bent = (a * (step as f64 * 0.7).cos()).unwrap().tanh().unwrap();
        let sum = bent.broadcast_add(b).unwrap();
        (sum - 0.3).unwrap().sqr().unwrap().mean_all().unwrap()
    }

    const DECAY: f64 = 0.01;

    fn rate(step: usize) -> f64 {
        0.01 / (1.0 + step as f64)
    }

    #[test]
    fn it_makes_the_very_steps_of_candles_own() {
        let (own, tensors) = parameters();
        let mut adamw = AdamW::new(&own, DECAY).unwrap();
        let (reference, others) = parameters();
        let mut candles = candle_nn::AdamW::new(
            reference.named().map(|(_, var)| var.clone()).collect(),
            ParamsAdamW {
                weight_decay: DECAY,
                ..ParamsAdamW::default()
            },
        )
        .unwrap();
        for step in 0..50 {
            let gradients = loss(&tensors, step).backward().unwrap();
            adamw.step(&own, &gradients, rate(step)).unwrap();
            candles.set_learning_rate(rate(step));
            candles.backward_step(&loss(&others, step)).unwrap();
        }
        for (tensor, other) in tensors.iter().zip(&others) {
            let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(values(tensor), values(other));
        }
    }

    #[test]
    fn it_goes_on_where_it_was_and_not_with_what_is_of_another() {
        let run = |interrupted_after: Option<usize>| {
            let (mut own, mut tensors) = parameters();
            let mut adamw = AdamW::new(&own, DECAY).unwrap();
            for step in 0..20 {
                if interrupted_after == Some(step) {
                    let learned = adamw.learned().to_vec();
                    (own, tensors) = parameters();
                    adamw = AdamW::new(&own, DECAY).unwrap();
                    assert!(!adamw.restore(&own, learned[1..].to_vec(), step).unwrap());
                    assert!(adamw.restore(&own, learned, step).unwrap());
                }
                let gradients = loss(&tensors, step).backward().unwrap();
                adamw.step(&own, &gradients, rate(step)).unwrap();
            }
            tensors[0].to_vec2::<f32>().unwrap()
        };
        assert_eq!(run(Some(7)), run(None));
    }
}
