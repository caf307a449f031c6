#version 330 core
// A segment drawn as a quad of constant width in pixels: core profiles draw no wide lines.
layout(location = 0) in vec3 start;
layout(location = 1) in vec3 end;
layout(location = 2) in vec2 corner;
layout(location = 3) in vec4 colour;
uniform mat4 model_view;
uniform mat4 projection;
uniform vec2 viewport;
uniform float width;
out vec4 segment_colour;
out float across;

const float NEAREST = 0.01;

vec4 clipped(vec3 point, vec3 other) {
    if (-point.z >= NEAREST || -other.z <= NEAREST) return projection * vec4(point, 1.0);
    float part = (-NEAREST - point.z) / (other.z - point.z);
    return projection * vec4(mix(point, other, part), 1.0);
}

void main() {
    vec3 a_eye = (model_view * vec4(start, 1.0)).xyz;
    vec3 b_eye = (model_view * vec4(end, 1.0)).xyz;
    vec4 a = clipped(a_eye, b_eye);
    vec4 b = clipped(b_eye, a_eye);
    vec2 along = (b.xy / b.w - a.xy / a.w) * viewport;
    along = length(along) > 1e-6 ? normalize(along) : vec2(1.0, 0.0);
    vec2 side = vec2(-along.y, along.x);
    vec4 here = mix(a, b, corner.x);
    float reach = width + 1.0;
    vec2 shift = side * corner.y * reach + along * (corner.x * 2.0 - 1.0) * 0.5 * width;
    here.xy += shift / viewport * here.w;
    gl_Position = here;
    segment_colour = colour;
    across = corner.y * reach;
}
