#version 330 core
// A key light over the viewer's left shoulder, a soft fill from the sky and the floor, and a faint rim.
in vec3 eye_position;
in vec3 eye_normal;
uniform vec4 colour;
uniform vec3 up;
uniform float unlit;
out vec4 fragment;

const vec3 KEY = normalize(vec3(-0.45, 0.65, 0.75));
const vec3 SKY = vec3(0.50, 0.53, 0.58);
const vec3 FLOOR = vec3(0.20, 0.18, 0.17);

void main() {
    if (unlit > 0.5) {
        fragment = vec4(colour.rgb * colour.a, colour.a);
        return;
    }
    vec3 to_eye = normalize(-eye_position);
    vec3 n = normalize(eye_normal);
    if (dot(n, to_eye) < 0.0) n = -n;
    vec3 base = colour.rgb * colour.rgb;  // gamma 2: nearly sRGB, without powers
    float key = max(dot(n, KEY), 0.0);
    vec3 fill = mix(FLOOR, SKY, 0.5 + 0.5 * dot(n, up));
    float shine = max(dot(n, normalize(KEY + to_eye)), 0.0);
    shine *= shine;
    shine *= shine;
    shine *= shine;
    float edge = 1.0 - max(dot(n, to_eye), 0.0);
    float rim = edge * edge * edge;
    vec3 light = base * (fill + 0.80 * key) + vec3(0.05 * shine * shine) + 0.10 * rim * SKY;
    fragment = vec4(sqrt(light) * colour.a, colour.a);
}
