#version 330 core
uniform mat4 view_projection;
uniform vec2 centre;
uniform float extent;
out vec2 place;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    place = centre + corner * extent;
    gl_Position = view_projection * vec4(place, 0.0, 1.0);
}
