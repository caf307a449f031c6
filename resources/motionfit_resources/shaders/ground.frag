#version 330 core
// A metric grid: lines each metre, fine lines each 10 cm near by, the axes in colour; fades towards the horizon.
in vec2 place;
uniform vec2 centre;
uniform float extent;
uniform vec4 fill;
uniform vec4 line;
uniform vec4 x_axis;
uniform vec4 y_axis;
out vec4 fragment;

float grid(vec2 p, float spacing, float width) {
    vec2 change = fwidth(p);
    vec2 distance = abs(fract(p / spacing - 0.5) - 0.5) * spacing / change;
    vec2 sharp = clamp(0.5 * width + 0.5 - distance, 0.0, 1.0);
    vec2 crowded = smoothstep(0.08, 0.35, change / spacing);
    sharp = mix(sharp, vec2(0.0), crowded);
    return max(sharp.x, sharp.y);
}

float axis(float p, float width) {
    return clamp(0.5 * width + 0.5 - abs(p) / fwidth(p), 0.0, 1.0);
}

vec4 over(vec4 top, vec4 below) {
    return top + below * (1.0 - top.a);
}

vec4 ink(vec4 colour, float amount) {
    float alpha = colour.a * amount;
    return vec4(colour.rgb * alpha, alpha);
}

void main() {
    float fade = 1.0 - smoothstep(0.25, 1.0, length(place - centre) / extent);
    vec4 sum = ink(fill, 1.0);
    sum = over(ink(line, 0.25 * grid(place, 0.1, 1.0)), sum);
    sum = over(ink(line, grid(place, 1.0, 1.5)), sum);
    sum = over(ink(x_axis, axis(place.y, 2.0)), sum);
    sum = over(ink(y_axis, axis(place.x, 2.0)), sum);
    fragment = sum * fade;
}
