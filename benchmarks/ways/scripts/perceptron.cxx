// The perceptron 30-128-128-128-1 event by event, as RDataFrame calls it.
// Layers are matrices of a fixed size, whose rows the compiler vectorises.
#include <array>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <stdexcept>

template <std::size_t In, std::size_t Out> struct Layer {
  float kernel[In][Out];
  float bias[Out];

  std::array<float, Out> operator()(const std::array<float, In> &x) const {
    std::array<float, Out> y;
    for (std::size_t o = 0; o < Out; ++o)
      y[o] = bias[o];
    for (std::size_t i = 0; i < In; ++i)
      for (std::size_t o = 0; o < Out; ++o)
        y[o] += x[i] * kernel[i][o];
    return y;
  }
};

struct Perceptron {
  Layer<30, 128> first;
  Layer<128, 128> second, third;
  Layer<128, 1> last;
};

static Perceptron network;

void load(const char *path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char *>(&network), sizeof network))
    throw std::runtime_error("weights are not there, or too few");
}

template <std::size_t N> std::array<float, N> relu(std::array<float, N> x) {
  for (float &value : x)
    value = value > 0 ? value : 0;
  return x;
}

float perceptron(const std::array<float, 30> &x) {
  const auto logit = network.last(relu(network.third(relu(network.second(relu(network.first(x)))))));
  return 1 / (1 + std::exp(-logit[0]));
}
